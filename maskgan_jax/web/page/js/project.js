import { applyDifference } from "./labels.js";

// A project file: JSON with the photos as they were opened, the masks and every change that can be undone.

const FORMAT = "maskgan_jax project";
const VERSION = 1;

async function encode(bytes) {
  const url = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(new Blob([bytes]));
  });
  return url.slice(url.indexOf(",") + 1);
}

function decode(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

async function packPhoto(photo) {
  if (!photo) return null;
  const { file, ...source } = photo.source;
  return {
    source: { ...source, ...(file && { file: await encode(file) }) },
    ownMask: photo.ownMask && (await encode(photo.ownMask)),
  };
}

function unpackPhoto(packed) {
  if (!packed) return null;
  const { file, ...source } = packed.source;
  return {
    source: { ...source, ...(file && { file: new Blob([decode(file)]) }) },
    ownMask: packed.ownMask && decode(packed.ownMask),
  };
}

/** Return a project as a Blob, of the mask and the history at the time of the call. */
export async function pack({ size, photo, reference, mask, history, settings }) {
  const content = {
    format: FORMAT,
    version: VERSION,
    size,
    done: [...history.done],
    undone: [...history.undone],
    settings,
  };
  const painted = mask.slice();
  content.photo = await packPhoto(photo);
  content.reference = await packPhoto(reference);
  content.mask = await encode(painted);
  return new Blob([JSON.stringify(content)], { type: "application/json" });
}

/** Check that every change leads from labels to labels. */
function checkChanges(mask, changes, classes) {
  const replayed = mask.slice();
  for (const change of changes) {
    const pixels = change.reduce((sum, [, count]) => sum + count, 0);
    if (pixels !== mask.length || !change.every(([, count]) => Number.isInteger(count) && count > 0)) {
      throw new Error("runs");
    }
    applyDifference(replayed, change);
    if (replayed.some((label) => label >= classes)) throw new Error("label");
  }
}

/** Read a project file of a model of `size` px with so many classes; an Error says what is wrong with it. */
export async function unpack(file, size, classes) {
  let content;
  try {
    content = JSON.parse(await file.text());
  } catch {
    throw new Error(`${file.name} is no project file; open one that "Save project" wrote`);
  }
  if (content?.format !== FORMAT || content.version !== VERSION) {
    throw new Error(`${file.name} is no project file of this editor; open one that "Save project" wrote`);
  }
  if (content.size !== size) {
    throw new Error(`${file.name} was made with a ${content.size} px model; this one has ${size} px`);
  }
  try {
    const { done, undone } = content;
    const mask = decode(content.mask);
    if (mask.length !== size * size || mask.some((label) => label >= classes)) throw new Error("mask");
    checkChanges(mask, [...done].reverse(), classes);
    checkChanges(mask, [...undone].reverse(), classes);
    const { strength, styleParts = [], keep, feather } = content.settings;
    const settings = {
      strength: Number(strength),
      styleParts: styleParts.map(String),
      keep: Boolean(keep),
      feather: Number(feather),
    };
    const [photo, reference] = [unpackPhoto(content.photo), unpackPhoto(content.reference)];
    if (!photo) throw new Error("photo");
    return { photo, reference, mask, done, undone, settings };
  } catch {
    throw new Error(`${file.name} is damaged; nothing was opened`);
  }
}
