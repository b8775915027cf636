import { applyDifference } from "./labels.js";
import { Photo } from "./server.js";

// A project file: JSON with the photos as they were opened or filled, the masks and every change that can be undone.
// Photos are listed once, each after those that it was made of, and elsewhere named by their place in the list.

const FORMAT = "maskgan_jax project";
const VERSION = 2;

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

/** Return photos, and those that they were made of before them. */
function withSources(photos, found = new Set()) {
  for (const photo of photos) {
    if (!photo || found.has(photo)) continue;
    withSources([photo.source.base, photo.source.reference], found);
    found.add(photo);
  }
  return [...found];
}

async function packPhoto(photo, placeOf) {
  const { file, base, reference, region, ...source } = photo.source;
  const filled = base && { base: placeOf(base), reference: placeOf(reference), region: await encode(region) };
  return {
    source: { ...source, ...(file && { file: await encode(file) }), ...filled },
    ownMask: photo.ownMask && (await encode(photo.ownMask)),
  };
}

function unpackPhoto(packed, place) {
  const { file, region, ...source } = packed.source;
  if (region && ![source.base, source.reference].every((each) => isPlace(each, place))) throw new Error("base");
  return {
    source: { ...source, ...(file && { file: new Blob([decode(file)]) }), ...(region && { region: decode(region) }) },
    ownMask: packed.ownMask && decode(packed.ownMask),
  };
}

const isPlace = (place, length) => Number.isInteger(place) && place >= 0 && place < length;

/** Open the photos of a project. */
export async function openPhotos(unpacked) {
  const photos = [];
  for (const { source, ownMask } of unpacked) {
    const made = source.region && { base: photos[source.base], reference: photos[source.reference] };
    photos.push(await Photo.open({ ...source, ...made }, ownMask));
  }
  return photos;
}

/** Return a project as a Blob, of the mask and the history at the time of the call. */
export async function pack({ size, photo, reference, mask, history, settings }) {
  const { done, undone } = history;
  const photos = withSources([photo, reference, ...[...done, ...undone].map((change) => change.photo)]);
  const placeOf = (each) => (each ? photos.indexOf(each) : null);
  const packChanges = (changes) => changes.map((change) => ({ ...change, photo: placeOf(change.photo) }));
  const content = {
    format: FORMAT,
    version: VERSION,
    size,
    photo: placeOf(photo),
    reference: placeOf(reference),
    done: packChanges(done),
    undone: packChanges(undone),
    settings,
  };
  const painted = mask.slice();
  content.photos = [];
  for (const each of photos) content.photos.push(await packPhoto(each, placeOf));
  content.mask = await encode(painted);
  return new Blob([JSON.stringify(content)], { type: "application/json" });
}

/** Return the content of a file of version 1, in which no photo was filled, as one of this version. */
function upgrade({ photo, reference, done, undone, ...content }) {
  const [changes, changesUndone] = [done, undone].map((all) => all?.map((runs) => ({ runs, photo: null })));
  return {
    ...content,
    version: VERSION,
    photos: [photo, reference].filter(Boolean),
    photo: photo ? 0 : null,
    reference: reference ? 1 : null,
    done: changes,
    undone: changesUndone,
  };
}

/** Check that every change leads from labels to labels, and to a photo that is listed. */
function checkChanges(mask, changes, classes, photos) {
  const replayed = mask.slice();
  for (const { runs, photo } of changes) {
    if (photo !== null && !isPlace(photo, photos)) throw new Error("photo");
    if (!runs && photo !== null) continue;
    const pixels = runs.reduce((sum, [, count]) => sum + count, 0);
    if (pixels !== mask.length || !runs.every(([, count]) => Number.isInteger(count) && count > 0)) {
      throw new Error("runs");
    }
    applyDifference(replayed, runs);
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
  if (content?.format === FORMAT && content.version === 1) content = upgrade(content);
  if (content?.format !== FORMAT || content.version !== VERSION) {
    throw new Error(`${file.name} is no project file of this editor; open one that "Save project" wrote`);
  }
  if (content.size !== size) {
    throw new Error(`${file.name} was made with a ${content.size} px model; this one has ${size} px`);
  }
  try {
    const { done, undone, photo, reference } = content;
    const photos = content.photos.map(unpackPhoto);
    if (!isPlace(photo, photos.length)) throw new Error("photo");
    if (reference !== null && !isPlace(reference, photos.length)) throw new Error("reference");
    const mask = decode(content.mask);
    if (mask.length !== size * size || mask.some((label) => label >= classes)) throw new Error("mask");
    checkChanges(mask, [...done].reverse(), classes, photos.length);
    checkChanges(mask, [...undone].reverse(), classes, photos.length);
    const { strength, styleParts = [], keep, feather } = content.settings;
    const settings = {
      strength: Number(strength),
      styleParts: styleParts.map(String),
      keep: Boolean(keep),
      feather: Number(feather),
    };
    return { photos, photo, reference, mask, done, undone, settings };
  } catch {
    throw new Error(`${file.name} is damaged; nothing was opened`);
  }
}
