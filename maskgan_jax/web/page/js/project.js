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

/** Return a project as a Blob. */
export async function pack({ size, photo, reference, mask, history, settings }) {
  const content = {
    format: FORMAT,
    version: VERSION,
    size,
    photo: await packPhoto(photo),
    reference: await packPhoto(reference),
    mask: await encode(mask),
    done: history.done,
    undone: history.undone,
    settings,
  };
  return new Blob([JSON.stringify(content)], { type: "application/json" });
}

/** Read a project file; an Error says what is wrong with it. */
export async function unpack(file, size) {
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
    const { done, undone, settings } = content;
    const mask = decode(content.mask);
    if (mask.length !== size * size || mask.some((label) => label > 18)) throw new Error("mask");
    for (const change of [...done, ...undone]) {
      if (change.reduce((sum, [, count]) => sum + count, 0) !== size * size) throw new Error("change");
    }
    return { photo: unpackPhoto(content.photo), reference: unpackPhoto(content.reference), mask, done, undone, settings };
  } catch {
    throw new Error(`${file.name} is damaged; nothing was opened`);
  }
}
