const RIGHT = "M6.2 13.2 1.4 8.4l1.7-1.7 3.1 3.1 6.7-6.9 1.7 1.7z";
const WRONG = "M3.6 2 8 6.4 12.4 2 14 3.6 9.6 8l4.4 4.4-1.6 1.6L8 9.6 3.6 14 2 12.4 6.4 8 2 3.6z";

/** The text as nodes: `code` and *emphasis* are drawn as such, all else stays text. */
function richText(text) {
  return text.split(/(`[^`]+`|\*\S(?:[^*]*\S)?\*)/).map((part, index) => {
    if (index % 2 === 0) return part;
    return element(part[0] === "`" ? "code" : "em", {}, part.slice(1, -1));
  });
}

function makeButton(name, text) {
  return element("button", { type: "button", class: `course-button ${name}` }, text);
}

/** One answer: a radio button and, after the commitment, why it is right or wrong. */
function makeChoice(choice, group) {
  const radio = element("input", { type: "radio", name: group, id: uniqueId() });
  const text = element("span", { class: "course-text" }, ...richText(choice.text));
  const label = element("label", { for: radio.id }, radio, text);
  const node = element("div", { class: "course-choice" }, label);
  const hide = () => {
    node.querySelectorAll(".course-reveal, .course-yours").forEach((part) => part.remove());
    radio.removeAttribute("aria-describedby");
    delete node.dataset.verdict;
  };
  const reveal = (isChosen) => {
    hide();
    if (isChosen) label.append(element("span", { class: "course-yours" }, "Your prediction"));
    const verdict = element("strong", { class: "course-verdict" });
    verdict.append(icon(choice.correct ? RIGHT : WRONG), choice.correct ? "Right." : "Wrong.");
    const id = uniqueId();
    node.append(element("p", { class: "course-reveal", id }, verdict, " ", ...richText(choice.why)));
    node.dataset.verdict = choice.correct ? "right" : "wrong";
    radio.setAttribute("aria-describedby", id);
  };
  return { node, radio, hide, reveal };
}

/** The answer as a printed book gives it, apart from the question. */
function makeAnswer(question, specs) {
  const items = specs.map(({ correct, why }) => {
    const verdict = element("strong", {}, correct ? "Right." : "Wrong.");
    return element("li", {}, verdict, " ", ...richText(why));
  });
  const heading = element("p", {}, ...richText(question));
  return element("div", { class: "course-answer" }, heading, element("ol", { type: "A" }, ...items));
}

function render({ model, el }) {
  const specs = model.get("choices");
  const group = uniqueId();
  const choices = specs.map((choice) => makeChoice(choice, group));
  const commit = makeButton("course-primary course-commit", "Commit to this prediction");
  const again = makeButton("course-again", "Think again");
  const outcome = element("p", { class: "course-outcome", role: "status" });

  const save = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const update = () => {
    const [chosen, committed] = [model.get("chosen"), model.get("committed")];
    choices.forEach(({ radio, reveal, hide }, index) => {
      radio.checked = index === chosen;
      radio.disabled = committed;
      if (committed) reveal(index === chosen);
      else hide();
    });
    commit.disabled = chosen === null;
    commit.hidden = committed;
    again.hidden = !committed;
    const verdict = committed && (specs[chosen].correct ? "is right" : "is wrong");
    outcome.textContent = committed ? `Your prediction ${verdict}.` : "";
  };

  choices.forEach(({ radio }, index) => {
    radio.addEventListener("change", () => save({ chosen: index }));
  });
  // The pressed button disappears: the focus moves on by hand, and the page stays where it is.
  commit.addEventListener("click", () => {
    save({ committed: true });
    again.focus({ preventScroll: true });
  });
  again.addEventListener("click", () => {
    save({ committed: false, chosen: null });
    choices[0].radio.focus({ preventScroll: true });
  });

  const question = element("legend", { class: "course-title" }, ...richText(model.get("question")));
  const nodes = choices.map(({ node }) => node);
  const root = card(
    { class: "course-prediction" },
    "Predict before you read on",
    element("fieldset", {}, question, ...nodes),
    element("div", { class: "course-actions" }, commit, again, outcome),
  );
  const answer = makeAnswer(model.get("question"), specs);
  const addAnswer = () => root.append(answer);
  const removeAnswer = () => answer.remove();
  window.addEventListener("beforeprint", addAnswer);
  window.addEventListener("afterprint", removeAnswer);
  update();
  model.on("change:chosen change:committed", update);
  el.append(root);
  return () => {
    window.removeEventListener("beforeprint", addAnswer);
    window.removeEventListener("afterprint", removeAnswer);
    model.off("change:chosen change:committed", update);
  };
}

export default { render };
