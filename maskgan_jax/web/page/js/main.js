import { connect } from "./controls.js";
import { Editor } from "./editor.js";
import { describeModel } from "./server.js";

const SAMPLES = [0, 1]; // of the photo and of the second one

async function start() {
  const editor = new Editor();
  await editor.attempt(async () => {
    editor.begin(await describeModel());
    connect(editor);
    await editor.open("photo", { sample: SAMPLES[0] });
    await editor.open("reference", { sample: SAMPLES[1] });
  });
}

start();
