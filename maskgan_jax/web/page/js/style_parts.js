const TITLES = { skin: "skin, brows and nose", eyes: "eyes with their lids" };

/** Buttons for the parts that take the second photo's style: all of them, or some. */
export class StyleParts {
  /** `names`: the parts, none if a face has one style; `onChoose` is called after a choice on the page. */
  constructor(container, names, onChoose) {
    this.names = names;
    this.buttons = ["all", ...names].map((name) => {
      const button = document.createElement("button");
      button.textContent = name;
      button.title = TITLES[name] ?? name;
      button.dataset.stylePart = name;
      button.onclick = () => {
        this.#click(name);
        onChoose();
      };
      return button;
    });
    container.replaceChildren(...this.buttons);
    container.hidden = !names.length;
    this.choose(names);
  }

  /** Choose parts by their names; all if none of them is one. */
  choose(names) {
    const known = this.names.filter((name) => names.includes(name));
    this.chosen = known.length ? known : this.names;
    for (const button of this.buttons) {
      const { stylePart } = button.dataset;
      button.ariaPressed = this.all ? stylePart === "all" : this.chosen.includes(stylePart);
    }
  }

  get all() {
    return this.chosen.length === this.names.length;
  }

  /** The part alone after all, else with or without it. */
  #click(name) {
    if (name === "all") this.choose(this.names);
    else if (this.all) this.choose([name]);
    else if (this.chosen.includes(name)) this.choose(this.chosen.filter((each) => each !== name));
    else this.choose([...this.chosen, name]);
  }

  enable(enabled) {
    for (const button of this.buttons) button.disabled = !enabled;
  }
}
