const INSIDE = 0x6600d4ff; // ABGR: a translucent yellow, that of the boxes around faces
const BORDER = 0xff00d4ff;

/** The region of a photo that is to be filled: a map of 1 inside and 0 outside, of the mask's size. */
export class Region {
  constructor(size) {
    this.size = size;
    this.map = new Uint8Array(size * size);
    this.overlay = new OffscreenCanvas(size, size);
  }

  get empty() {
    return !this.map.includes(1);
  }

  /** Add the pixels of another map. */
  add(other) {
    other.forEach((inside, index) => {
      if (inside) this.map[index] = 1;
    });
  }

  clear() {
    this.map.fill(0);
  }

  /** Draw it over the unit square. */
  draw(context) {
    if (this.empty) return;
    const { map, overlay, size } = this;
    const pixels = new ImageData(size, size);
    const words = new Uint32Array(pixels.data.buffer);
    for (let index = 0; index < words.length; index++) {
      if (map[index]) words[index] = this.#surrounded(index) ? INSIDE : BORDER;
    }
    overlay.getContext("2d").putImageData(pixels, 0, 0);
    context.drawImage(overlay, 0, 0, 1, 1);
  }

  #surrounded(index) {
    const { map, size } = this;
    const column = index % size;
    const sides = [column ? index - 1 : -1, column < size - 1 ? index + 1 : -1, index - size, index + size];
    return sides.every((side) => map[side]);
  }
}
