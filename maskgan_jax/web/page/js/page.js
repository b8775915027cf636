// Parts of the page that several modules use.

/** Return the element of an id. */
export const element = (id) => document.getElementById(id);

/** Offer a Blob for download under a name. */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
