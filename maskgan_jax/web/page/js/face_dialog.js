import { element } from "./page.js";

/** Ask which of a photo's faces is meant; return its number, or that of the present one if it is no longer wanted. */
export async function askForFace(photo, isWanted) {
  const dialog = element("faces");
  const url = URL.createObjectURL(await photo.whole());
  const image = new Image();
  image.src = url;
  await image.decode();
  const { width, height, faces, face } = photo.description;
  const buttons = faces.map(([left, top, side], number) => {
    const button = document.createElement("button");
    button.ariaLabel = `Face ${number + 1}`;
    button.style.left = `${(100 * left) / width}%`;
    button.style.top = `${(100 * top) / height}%`;
    button.style.width = `${(100 * side) / width}%`;
    button.style.height = `${(100 * side) / height}%`;
    button.onclick = () => dialog.close(String(number));
    return button;
  });
  const closed = () => new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  if (dialog.open) {
    const before = closed();
    dialog.close();
    await before;
  }
  if (!isWanted()) return face;
  element("face-boxes").replaceChildren(image, ...buttons);
  dialog.returnValue = String(face);
  dialog.showModal();
  await closed();
  URL.revokeObjectURL(url);
  return Number(dialog.returnValue);
}
