import { fillArea, fillPolygon, mirrorPoint, paintLine } from "./labels.js";
import { Region } from "./region.js";

const MAX_ZOOM = 16;
const BRUSHES = ["brush", "erase", "region", "region-erase"];

/** The canvas that shows a photo under its mask, and paints labels or a region with the pointer. */
export class Painter {
  /**
   * `canvas`: where to paint; `model`: size and classes; `onStroke(before)`: called after each change with the map
   * before it; `onRegion()`: the region was painted; `onPick(label)`: a class was picked.
   */
  constructor(canvas, model, { onStroke, onRegion, onPick }) {
    Object.assign(this, { canvas, size: model.size, classes: model.classes, onStroke, onRegion, onPick });
    const colours = model.classes.map(({ colour: [r, g, b] }) => (255 << 24) | (b << 16) | (g << 8) | r);
    this.colours = new Uint32Array(colours);
    this.mask = new Uint8Array(this.size * this.size);
    this.original = this.mask;
    this.region = new Region(this.size);
    this.image = null;
    this.tool = "brush";
    this.label = 1;
    this.radius = 3;
    this.opacity = 0.55;
    this.mirrored = false;
    this.view = { zoom: 1, x: 0, y: 0 };
    this.corners = [];
    this.pointers = new Map();
    this.overlay = new OffscreenCanvas(this.size, this.size);
    this.#listen();
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** Show a photo with its mask, and no region; a stroke that is being painted is dropped. */
  show({ image, mask }) {
    this.stroke = null;
    this.region.clear();
    this.exchange({ image, mask });
    this.setMask(mask);
    this.fit();
  }

  /** Show another photo under the mask and the region. */
  exchange({ image, mask }) {
    this.image = image;
    this.original = mask.slice();
    this.draw();
  }

  addRegion(map) {
    this.region.add(map);
    this.draw();
  }

  clearRegion() {
    this.finishStroke();
    this.region.clear();
    this.draw();
  }

  setMask(mask) {
    this.mask = mask.slice();
    this.corners = [];
    this.draw();
  }

  fit() {
    this.view = { zoom: 1, x: 0, y: 0 };
    this.draw();
  }

  /** Zoom about a point in canvas units, the middle by default. */
  zoom(factor, about = { x: 0.5, y: 0.5 }) {
    const { view } = this;
    const zoom = Math.min(MAX_ZOOM, Math.max(1, view.zoom * factor));
    const fixed = { x: view.x + about.x / view.zoom, y: view.y + about.y / view.zoom };
    this.#setView(zoom, fixed.x - about.x / zoom, fixed.y - about.y / zoom);
  }

  #setView(zoom, x, y) {
    const limit = (value) => Math.min(1 - 1 / zoom, Math.max(0, value));
    this.view = { zoom, x: limit(x), y: limit(y) };
    this.draw();
  }

  draw() {
    const { canvas, view } = this;
    const side = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, side, side);
    const scale = side * view.zoom;
    context.setTransform(scale, 0, 0, scale, -view.x * scale, -view.y * scale);
    context.imageSmoothingEnabled = true;
    if (this.image) context.drawImage(this.image, 0, 0, 1, 1);
    const pixels = new ImageData(this.size, this.size);
    const words = new Uint32Array(pixels.data.buffer);
    for (let index = 0; index < words.length; index++) words[index] = this.colours[this.mask[index]];
    this.overlay.getContext("2d").putImageData(pixels, 0, 0);
    context.imageSmoothingEnabled = false;
    context.globalAlpha = this.opacity;
    context.drawImage(this.overlay, 0, 0, 1, 1);
    context.globalAlpha = 1;
    this.region.draw(context);
    this.#drawCursor(context);
  }

  #drawCursor(context) {
    context.lineWidth = 2 / (this.canvas.width * this.view.zoom);
    context.strokeStyle = "white";
    context.beginPath();
    if (this.corners.length) {
      this.corners.forEach(({ x, y }, place) => context[place ? "lineTo" : "moveTo"](x / this.size, y / this.size));
      if (this.hover) context.lineTo(this.hover.x / this.size, this.hover.y / this.size);
    } else if (this.hover && BRUSHES.includes(this.tool)) {
      context.arc(this.hover.x / this.size, this.hover.y / this.size, Math.max(0.5, this.radius) / this.size, 0, 7);
    }
    context.stroke();
  }

  /** Change the mask by a function and report the stroke. */
  change(change) {
    this.finishStroke();
    const before = this.mask.slice();
    change(this.mask);
    this.draw();
    this.onStroke(before);
  }

  /** Fill the polygon whose corners were clicked. */
  closePolygon() {
    const corners = this.corners;
    this.corners = [];
    if (corners.length < 3) return this.draw();
    this.change((mask) => {
      fillPolygon(mask, this.size, corners, this.label);
      if (this.mirrored) {
        const twin = corners.map((corner) => mirrorPoint(corner, this.size));
        fillPolygon(mask, this.size, twin, this.classes[this.label].mirrored);
      }
    });
  }

  #position(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    const y = (event.clientY - box.top) / box.height;
    const { view, size } = this;
    return { x: (view.x + x / view.zoom) * size, y: (view.y + y / view.zoom) * size, canvas: { x, y } };
  }

  #listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(name, (event) => this.#up(event));
    }
    canvas.addEventListener("pointerleave", () => {
      this.hover = null;
      this.draw();
    });
    addEventListener("blur", () => (this.panning = false));
    canvas.addEventListener("dblclick", () => this.closePolygon());
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY / 400), this.#position(event).canvas);
      },
      { passive: false },
    );
  }

  #down(event) {
    const point = this.#position(event);
    this.pointers.set(event.pointerId, point.canvas);
    this.canvas.setPointerCapture(event.pointerId);
    this.canvas.focus();
    if (this.pointers.size === 2) return this.#cancelStroke(); // two fingers move and zoom
    if (this.pointers.size > 2 || this.tool === "pan" || this.panning || event.button === 1) return;
    const inside = point.x >= 0 && point.y >= 0 && point.x < this.size && point.y < this.size;
    if (!inside) return;
    if (BRUSHES.includes(this.tool)) {
      const brush = this.#brush();
      this.stroke = { ...brush, before: brush.map.slice(), last: point };
      this.#paint(point, point);
    } else this.pressed = point; // acts when it is released: a second finger would zoom instead
  }

  /** Pick, fill or add a corner at a point. */
  #apply(point) {
    if (this.tool === "pick") {
      this.onPick(this.mask[Math.floor(point.y) * this.size + Math.floor(point.x)]);
    } else if (this.tool === "bucket") {
      this.change((mask) => {
        const twin = { x: this.size - 1 - Math.floor(point.x), y: point.y };
        const place = Math.floor(twin.y) * this.size + twin.x;
        const before = mask[place];
        fillArea(mask, this.size, point, this.label);
        if (this.mirrored && mask[place] === before) {
          fillArea(mask, this.size, twin, this.classes[this.label].mirrored);
        }
      });
    } else {
      this.corners.push({ x: point.x, y: point.y });
      this.draw();
    }
  }

  #move(event) {
    const point = this.#position(event);
    const previous = this.pointers.get(event.pointerId);
    this.hover = point;
    if (previous) {
      if (this.pointers.size === 2) this.#pinch(event.pointerId, previous, point.canvas);
      else if (!this.stroke && (this.tool === "pan" || this.panning || event.buttons === 4)) {
        const { zoom, x, y } = this.view;
        this.#setView(zoom, x - (point.canvas.x - previous.x) / zoom, y - (point.canvas.y - previous.y) / zoom);
      }
      this.pointers.set(event.pointerId, point.canvas);
    }
    if (this.stroke) {
      this.#paint(this.stroke.last, point);
      this.stroke.last = point;
    } else this.draw();
  }

  #pinch(moved, previous, now) {
    const [, other] = [...this.pointers].find(([id]) => id !== moved);
    const distance = (point) => Math.max(0.01, Math.hypot(point.x - other.x, point.y - other.y));
    const { zoom, x, y } = this.view;
    this.#setView(zoom, x - (now.x - previous.x) / 2 / zoom, y - (now.y - previous.y) / 2 / zoom);
    this.zoom(distance(now) / distance(previous), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  }

  #up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    this.finishStroke();
    const point = this.pressed;
    this.pressed = null;
    if (point && event.type === "pointerup") this.#apply(point);
  }

  /** End the stroke that is being painted, before something else changes or reads the mask or the region. */
  finishStroke() {
    const { stroke } = this;
    this.stroke = null;
    if (stroke?.map === this.mask) this.onStroke(stroke.before);
    else if (stroke) this.onRegion();
  }

  #cancelStroke() {
    this.stroke?.map.set(this.stroke.before);
    this.stroke = this.pressed = null;
    this.draw();
  }

  /** Return the map that the tool paints on, and what pixels under the brush and under its mirror image become. */
  #brush() {
    const { mask, region, label, tool } = this;
    const twin = this.classes[label].mirrored;
    if (tool === "brush") return { map: mask, labelAt: () => label, twinAt: () => twin };
    const labelAt = tool === "erase" ? (index) => this.original[index] : () => Number(tool === "region");
    return { map: tool === "erase" ? mask : region.map, labelAt, twinAt: labelAt };
  }

  #paint(from, to) {
    const { size, radius, stroke } = this;
    paintLine(stroke.map, size, from, to, radius, stroke.labelAt);
    if (this.mirrored) {
      const [start, end] = [from, to].map((point) => mirrorPoint(point, size));
      paintLine(stroke.map, size, start, end, radius, stroke.twinAt);
    }
    this.draw();
  }

  /** Return the mask in the colours of its classes, as the edit command reads it, as a Blob. */
  maskPicture() {
    const { size, mask } = this;
    const canvas = new OffscreenCanvas(size, size);
    const pixels = new ImageData(size, size);
    mask.forEach((label, index) => pixels.data.set([...this.classes[label].colour, 255], 4 * index));
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    return canvas.convertToBlob();
  }
}
