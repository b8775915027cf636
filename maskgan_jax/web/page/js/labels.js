// Painting on label maps: Uint8Arrays of size * size labels, row by row. Positions are in pixels of the map; pixel
// (column, row) covers [column, column + 1) x [row, row + 1).

/** Paint a line with a round brush. `labelAt(index)` gives the label that a pixel becomes. */
export function paintLine(mask, size, from, to, radius, labelAt) {
  const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / Math.max(0.5, radius / 2)));
  for (let step = 0; step <= steps; step++) {
    const x = from.x + ((to.x - from.x) * step) / steps;
    const y = from.y + ((to.y - from.y) * step) / steps;
    paintDisc(mask, size, x, y, radius, labelAt);
  }
}

function paintDisc(mask, size, x, y, radius, labelAt) {
  const reach = Math.max(radius, 0.5);
  for (let row = Math.max(0, Math.floor(y - reach)); row <= Math.min(size - 1, Math.floor(y + reach)); row++) {
    const last = Math.min(size - 1, Math.floor(x + reach));
    for (let column = Math.max(0, Math.floor(x - reach)); column <= last; column++) {
      const under = column === Math.floor(x) && row === Math.floor(y);
      if (under || Math.hypot(column + 0.5 - x, row + 0.5 - y) < reach) {
        const index = row * size + column;
        mask[index] = labelAt(index);
      }
    }
  }
}

/** Fill the area of one label around a point, over the four neighbours. */
export function fillArea(mask, size, point, label) {
  const start = Math.floor(point.y) * size + Math.floor(point.x);
  const old = mask[start];
  if (old === label) return;
  const stack = [start];
  mask[start] = label;
  while (stack.length) {
    const index = stack.pop();
    const column = index % size;
    for (const next of [
      column > 0 ? index - 1 : -1,
      column < size - 1 ? index + 1 : -1,
      index - size,
      index + size,
    ]) {
      if (next >= 0 && next < mask.length && mask[next] === old) {
        mask[next] = label;
        stack.push(next);
      }
    }
  }
}

/** Fill the pixels whose centres are inside a polygon (even-odd). */
export function fillPolygon(mask, size, corners, label) {
  for (let row = 0; row < size; row++) {
    const y = row + 0.5;
    const crossings = [];
    corners.forEach((a, place) => {
      const b = corners[(place + 1) % corners.length];
      if (a.y <= y !== b.y <= y) crossings.push(a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x));
    });
    crossings.sort((a, b) => a - b);
    for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
      const first = Math.max(0, Math.ceil(crossings[pair] - 0.5));
      const last = Math.min(size - 1, Math.ceil(crossings[pair + 1] - 0.5) - 1);
      mask.fill(label, row * size + first, row * size + Math.max(first, last + 1));
    }
  }
}

/** Return the mirror image of a point. */
export function mirrorPoint(point, size) {
  return { x: size - point.x, y: point.y };
}

/** Return the differences of two maps as [value, count] runs of their exclusive or; null if they are equal. */
export function difference(before, after) {
  const runs = [];
  let changed = false;
  for (let index = 0; index < before.length; index++) {
    const value = before[index] ^ after[index];
    changed ||= value !== 0;
    const last = runs[runs.length - 1];
    if (last && last[0] === value) last[1]++;
    else runs.push([value, 1]);
  }
  return changed ? runs : null;
}

/** Apply a difference in place: to the map before it gives the one after it, and the reverse. */
export function applyDifference(mask, runs) {
  let index = 0;
  for (const [value, count] of runs) {
    if (value) for (let end = index + count, at = index; at < end; at++) mask[at] ^= value;
    index += count;
  }
}
