import { download, element } from "./page.js";

const TITLES = {
  eye_g: "glasses",
  l_eye: "left eye",
  r_eye: "right eye",
  l_brow: "left brow",
  r_brow: "right brow",
  l_ear: "left ear",
  r_ear: "right ear",
  u_lip: "upper lip",
  l_lip: "lower lip",
  ear_r: "earrings",
  neck_l: "necklace",
  cloth: "clothes",
};
const SAMPLES = 1000;
const TOOL_KEYS = { b: "brush", g: "bucket", p: "polygon", i: "pick", e: "erase" };
const BUTTON_KEYS = {
  m: "mirror",
  d: "difference",
  "+": "zoom-in",
  "-": "zoom-out",
  0: "zoom-fit",
  "?": "help-button",
};

const on = (id, event, work) => element(id).addEventListener(event, work);
const randomSample = () => ({ sample: Math.floor(Math.random() * SAMPLES) });

/** Connect the page's controls to the editor. */
export function connect(editor) {
  buildPalette(editor);
  buildParts(editor);
  connectPainting(editor);
  connectResult(editor);
  connectPhotos(editor);
  connectFiles(editor);
  connectKeys(editor);
  describe(editor.model);
  editor.updateButtons();
  editor.chooseTool("brush");
  editor.chooseLabel();
}

function describe({ synthetic, parses }) {
  const notes = [];
  if (synthetic) {
    notes.push(
      "This model was trained on synthetic faces. A real photo will not look like itself: the README says how to " +
        "get the published weights.",
    );
  }
  if (!parses) notes.push("No face parser: a photo starts with an empty mask.");
  element("note").textContent = notes.join(" ");
}

function buildPalette(editor) {
  editor.model.classes.forEach(({ name, colour }, label) => {
    const button = document.createElement("button");
    const swatch = document.createElement("i");
    swatch.style.background = `rgb(${colour})`;
    button.dataset.label = label;
    button.title = name;
    button.append(swatch, TITLES[name] ?? name);
    button.onclick = () => editor.chooseLabel(label);
    element("palette").append(button);
  });
}

function buildParts(editor) {
  for (const name of editor.model.parts) {
    const button = document.createElement("button");
    button.textContent = name;
    button.dataset.part = name;
    button.onclick = () => editor.attempt(() => editor.transfer(name));
    element("parts").append(button);
  }
}

function connectPainting(editor) {
  const { painter } = editor;
  for (const button of document.querySelectorAll("[data-tool]")) {
    button.onclick = () => editor.chooseTool(button.dataset.tool);
  }
  const showSize = () => {
    painter.radius = element("brush-size").value / 2;
    element("brush-size-value").textContent = element("brush-size").value;
  };
  on("brush-size", "input", showSize);
  showSize();
  on("opacity", "input", () => {
    painter.opacity = element("opacity").value / 100;
    painter.draw();
  });
  on("mirror", "change", () => (painter.mirrored = element("mirror").checked));
  on("undo", "click", () => editor.undo());
  on("redo", "click", () => editor.redo());
  on("reset", "click", () => editor.setMask(editor.photo.mask));
  on("zoom-in", "click", () => painter.zoom(1.5));
  on("zoom-out", "click", () => painter.zoom(1 / 1.5));
  on("zoom-fit", "click", () => painter.fit());
  on("random-mask", "click", () => editor.attempt(() => editor.sampleMask()));
  on("own-mask", "click", () => editor.attempt(() => editor.takeMask()));
}

function connectResult(editor) {
  on("compare", "input", () => editor.compare(element("compare").value / 100));
  on("difference", "change", () => {
    editor.result.difference = element("difference").checked;
    editor.result.draw();
  });
  for (const id of ["keep", "feather", "strength"]) on(id, "input", () => editor.redraw());
  on("interpolate", "input", () => editor.interpolation.move());
}

function connectPhotos(editor) {
  const open = (slot, source) => editor.attempt(() => editor.open(slot, source));
  const openFile = (slot, file) => file && open(slot, { file, ...(element("aligned").checked && { aligned: 1 }) });
  let slotOfDialog;
  for (const button of document.querySelectorAll("button.sample")) {
    button.onclick = () => open(button.dataset.slot, randomSample());
  }
  for (const button of document.querySelectorAll("button.open")) {
    button.onclick = () => {
      slotOfDialog = button.dataset.slot;
      element("file").click();
    };
  }
  on("random-style", "click", () => {
    element("strength").value = 100;
    open("reference", randomSample());
  });
  on("file", "change", (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    openFile(slotOfDialog, file);
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    openFile(event.target.closest("#reference") ? "reference" : "photo", file);
  });
  document.addEventListener("paste", (event) => {
    openFile("photo", [...event.clipboardData.files].find(({ type }) => type.startsWith("image/")));
  });
}

function connectFiles(editor) {
  on("save-result", "click", () => editor.attempt(() => editor.saveResult()));
  on("save-whole", "click", () => editor.attempt(() => editor.saveWhole()));
  on("save-mask", "click", () =>
    editor.attempt(async () => download(await editor.painter.maskPicture(), "mask.png")),
  );
  on("save-project", "click", () => editor.attempt(() => editor.saveProject()));
  on("open-project", "click", () => element("project-file").click());
  on("project-file", "change", (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (file) editor.attempt(() => editor.openProject(file));
  });
  on("help-button", "click", () => element("help").showModal());
}

function connectKeys(editor) {
  const { painter, model } = editor;
  const tools = { ...TOOL_KEYS, ...(model.filling && { r: "region" }) };
  document.addEventListener("keydown", (event) => {
    if (event.altKey || document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key === "z" && !event.shiftKey) editor.undo();
      else if (key === "y" || key === "z") editor.redo();
      else return;
      event.preventDefault();
    } else if (tools[key]) editor.chooseTool(tools[key]);
    else if (BUTTON_KEYS[key]) element(BUTTON_KEYS[key]).click();
    else if (key === "enter" && painter.corners.length) painter.closePolygon();
    else if (key === "escape") editor.chooseTool(painter.tool);
    else if (key === "h") {
      painter.opacity = painter.opacity ? 0 : element("opacity").value / 100 || 0.55;
      painter.draw();
    } else if (key === "[" || key === "]") {
      const input = element("brush-size");
      input.value = Number(input.value) + (key === "]" ? 1 : -1);
      input.dispatchEvent(new Event("input"));
    } else if (key === " " && (painter.hover || event.target === painter.canvas)) {
      painter.panning = true;
      event.preventDefault();
    }
  });
  document.addEventListener("keyup", (event) => {
    if (event.key !== " " || !painter.panning) return;
    painter.panning = false;
    event.preventDefault(); // the button that has the focus is not pressed
  });
}
