/** The canvas that shows the result beside the photo: a slider between them, or their difference. */
export class Result {
  constructor(canvas) {
    this.canvas = canvas;
    this.photo = this.image = null;
    this.before = 0;
    this.difference = false;
    const slide = (event) => {
      if (!event.buttons) return;
      const box = canvas.getBoundingClientRect();
      this.onSlide?.(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
    };
    canvas.addEventListener("pointerdown", slide);
    canvas.addEventListener("pointermove", slide);
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** Show a result: `image` and `photo` are square pictures of any size. */
  show(photo, image) {
    Object.assign(this, { photo, image });
    this.draw();
  }

  draw() {
    const { canvas, image, photo } = this;
    const side = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.globalCompositeOperation = "source-over";
    context.clearRect(0, 0, side, side);
    if (!image) return;
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, side, side);
    if (this.difference) {
      context.globalCompositeOperation = "difference";
      context.drawImage(photo, 0, 0, side, side);
      const pixels = context.getImageData(0, 0, side, side);
      for (let place = 0; place < pixels.data.length; place++) if (place % 4 !== 3) pixels.data[place] *= 3;
      context.putImageData(pixels, 0, 0);
    } else if (this.before > 0) {
      context.save();
      context.beginPath();
      context.rect(0, 0, this.before * side, side);
      context.clip();
      context.drawImage(photo, 0, 0, side, side);
      context.restore();
      context.fillStyle = "white";
      context.fillRect(this.before * side - 1, 0, 2, side);
    }
  }
}
