// The page asks GET /view twice a second and shows what has changed; what a person does goes to the same endpoints that
// scripts use. All that comes from outside is set as text, never as HTML.

const pause = 500; // milliseconds between two looks
const find = (selector, within = document) => within.querySelector(selector);
const copy = (template) => find(template).content.firstElementChild.cloneNode(true);

/** Sets a text only where it differs: a screen reader and a selection are left in peace. */
function write(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

const count = (n) => n.toLocaleString("en");

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

/** Marks an element as new for a moment. */
function mark(element) {
  element.classList.remove("new");
  void element.offsetWidth; // else the animation does not start again
  element.classList.add("new");
}

/**
 * Makes a list of elements show the items. Elements are kept by their key, so that the keyboard stays where it is;
 * where it was on one that goes, it moves to its neighbour.
 */
function show(list, items, key, make, update) {
  const wanted = new Set(items.map(key));
  for (const gone of [...list.children].filter((child) => !wanted.has(child.dataset.key))) {
    const neighbour = gone.contains(document.activeElement) && (gone.nextElementSibling || gone.previousElementSibling);
    gone.remove();
    if (neighbour) {
      find("button", neighbour)?.focus();
    }
  }
  const before = new Map([...list.children].map((child) => [child.dataset.key, child]));
  const first = !list.dataset.shown;
  let place = list.firstElementChild;
  for (const item of items) {
    let child = before.get(key(item));
    if (!child) {
      child = make(item);
      child.dataset.key = key(item);
      if (!first && list.dataset.marks) {
        mark(child);
      }
    }
    update(child, item);
    if (child === place) {
      place = place.nextElementSibling;
    } else {
      list.insertBefore(child, place);
    }
  }
  list.dataset.shown = "yes";
}

// ---- What a person does

async function send(path, body, method = "POST") {
  const request = { method };
  if (body !== undefined) {
    request.headers = { "Content-Type": "application/json" };
    request.body = JSON.stringify(body);
  }
  const answer = await fetch(path, request);
  if (!answer.ok) {
    const { error } = await answer.json();
    throw new Error(error);
  }
}

let silence;

/** Says what came of something, in a place that is always seen, for a while. */
function say(text, wrong) {
  const place = find("#said");
  place.classList.toggle("wrong", Boolean(wrong));
  place.textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => { place.textContent = ""; }, 10000);
}

/** Does something, says what came of it, and looks again at once. */
async function act(said, ...request) {
  try {
    await send(...request);
    say(said);
  } catch (error) {
    say(`That did not work: ${error.message}`, true);
  }
  await look();
}

function change(service, sim, action) {
  const done = action.to ? `${sim.state} → ${action.to}` : action.label;
  return act(`${sim.key}: ${done}`, `portal/${service.api}`, { key: sim.key, set: action.set });
}

/** The button that stands in the row: to the first state of the list, or away from it. */
const quickAction = (service, sim) => service.actions[sim.state === service.actions[0].to ? 1 : 0];

// ---- SIMs

const more = {}; // how many SIMs of a service are wanted beyond the first ones

const tones = {
  good: ["active", "live"],
  held: ["suspended", "suspend", "blocked", "bar", "deactivated"],
  ended: ["terminated", "closed", "deleting", "deleted"],
  moving: ["pending_active", "pending_terminate", "creating"],
};

function tone(sim) {
  const word = sim.state.toLowerCase();
  return sim.running ? "moving" : Object.keys(tones).find((name) => tones[name].includes(word)) || "idle";
}

let latest; // the view that is shown

const serviceOf = (api) => latest.services.find((service) => service.api === api);
const simOf = (api, key) => serviceOf(api).sims.find((sim) => sim.key === key);

function makeService(service) {
  const made = copy("#service-template");
  find("h3", made).id = `service-${service.api}`;
  made.setAttribute("aria-labelledby", `service-${service.api}`);
  find("table", made).setAttribute("aria-labelledby", `service-${service.api}`);
  find(".more button", made).addEventListener("click", () => {
    more[service.api] = (more[service.api] || 0) + 50;
    look();
  });
  return made;
}

function updateService(section, service) {
  write(find("h3", section), `${service.name}: ${count(service.total)}`);
  const states = Object.entries(service.states).sort();
  write(find(".states", section), states.map(([state, n]) => `${state} ${count(n)}`).join(", "));
  const makeOne = (sim) => makeSIM(service.api, sim.key);
  show(find("tbody", section), service.sims, (sim) => sim.key, makeOne, updateSIM(service));

  const hidden = service.matched - service.sims.length;
  const matching = latest.search ? ` that match “${latest.search}”` : "";
  const shown = `${count(service.sims.length)} of ${count(service.matched)}${matching} shown`;
  const text = hidden > 0 ? `${shown}, ${count(hidden)} hidden.`
    : service.total === 0 ? "There are no SIMs here."
      : latest.search ? `${count(service.matched)} of ${count(service.total)} match “${latest.search}”.` : "";
  write(find(".more span", section), text);
  find(".more button", section).hidden = hidden <= 0;
}

function makeSIM(api, key) {
  const row = copy("#sim-template");
  find("code", row).textContent = key;
  find(".quick", row).addEventListener("click", () => {
    const [service, sim] = [serviceOf(api), simOf(api, key)];
    change(service, sim, quickAction(service, sim));
  });
  find(".act", row).setAttribute("aria-label", `More for ${key}`);
  find(".act", row).addEventListener("click", () => openSIM(api, key));
  return row;
}

const updateSIM = (service) => (row, sim) => {
  write(find(".detail", row), sim.detail);
  const pill = find(".pill", row);
  if (pill.textContent && pill.textContent !== sim.state) {
    mark(row);
  }
  write(pill, sim.state);
  pill.className = `pill ${tone(sim)}`;
  write(find(".note", row), [sim.running, sim.note].filter(Boolean).join(", "));
  const quick = find(".quick", row);
  const { label } = quickAction(service, sim);
  write(quick, label);
  quick.setAttribute("aria-label", `${label} ${sim.key}`);
};

// ---- One SIM, in a dialog

const dialog = find("#sim");

function openSIM(api, key) {
  dialog.dataset.api = api;
  write(find("#sim-key"), key);
  const [service, sim] = [serviceOf(api), simOf(api, key)];
  write(find("#sim-now"), `${service.name.replace(/^.*\((.*)\)$/, "$1")}: ${sim.state}. ${sim.detail}`);
  find("#sim-actions").replaceChildren(...service.actions.filter((action) => action.to !== sim.state).map((action) => {
    const button = element("button", "", action.label);
    button.type = "button";
    button.addEventListener("click", () => {
      dialog.close();
      change(service, sim, action);
    });
    return button;
  }));
  const free = service.free || [];
  find("#swap").hidden = api !== "mvno";
  find("#swap input").value = free[0] || "";
  find("#free").replaceChildren(...free.map((icc) => {
    const option = document.createElement("option");
    option.value = icc;
    return option;
  }));
  dialog.showModal();
}

find("#close").addEventListener("click", () => dialog.close());
find("#remove").addEventListener("click", () => {
  const key = find("#sim-key").textContent;
  dialog.close();
  act(`${key} is deleted`, `portal/${dialog.dataset.api}`, { key, remove: true });
});
find("#swap").addEventListener("submit", (event) => {
  event.preventDefault();
  const key = find("#sim-key").textContent;
  const icc = find("#swap input").value;
  dialog.close();
  act(`${key}: SIM swapped to ${icc}`, "portal/mvno", { key, set: { sim_number: icc } });
});

// ---- Running operations, ledger, faults

function makeLines(lines) {
  return () => {
    const made = document.createElement("li");
    for (let i = 0; i < lines; i++) {
      made.append(element(i === 1 ? "code" : "div", i === 1 ? "" : "what", ""));
    }
    return made;
  };
}

function writeLines(made, ...lines) {
  lines.forEach((line, i) => write(made.children[i], line));
}

function showList(id, items, total, key, make, update) {
  const section = find(id);
  show(find(".list", section), items, key, make, update);
  find(".none", section).hidden = total > 0;
  const left = total - items.length;
  const rest = find(".more", section);
  if (rest) {
    write(rest, left > 0 ? `${count(left)} more are not shown.` : "");
    rest.hidden = left <= 0;
  }
}

function clock(time) {
  return new Date(time).toTimeString().slice(0, 8);
}

function showNetwork(view) {
  const { running, ledger } = view;
  showList("#running", running.oldest, running.total, (op) => `${op.api} ${op.key}`, makeLines(2), (made, op) => {
    writeLines(made, `${op.api}: ${op.what}, for ${Math.floor(op.seconds)} s`, op.key);
  });
  showList("#ledger", ledger.newest.toReversed(), ledger.total, (c) => `${c.seq}`, makeLines(3), (made, c) => {
    writeLines(made, `#${c.seq}  ${clock(c.time)}  ${c.api} ${c.action}`, c.key, c.detail);
  });
  const faults = view.faults.map((fault, at) => ({ ...fault, at }));
  showList("#faults", faults, faults.length, (fault) => `${fault.at}`, makeLines(1), (made, fault) => {
    const where = [fault.api || "any service", fault.method, fault.route, fault.key].filter(Boolean).join(" ");
    const what = [fault.effect, fault.status, fault.executed && "after it was executed"].filter(Boolean).join(" ");
    const times = fault.times ? `of ${count(fault.times)} times` : "times so far";
    writeLines(made, `${where}: ${what} (hit ${count(fault.hits)} ${times})`);
  });
}

const faultForm = find("#faults form");
const field = (name) => faultForm.elements[name];

// What can be chosen, and the fault that it is.
const effects = [
  ["Answer lost, call executed", { effect: "reset", executed: true }],
  ["Cut off, call not executed", { effect: "reset" }],
  ["Half of the answer, call executed", { effect: "cut" }],
  ["Silence, call executed", { effect: "hang", executed: true }],
  ["Silence, call not executed", { effect: "hang" }],
  ["429, Retry-After 2 s", { effect: "answer", status: 429, header: { "Retry-After": ["2"] }, body: "{}" }],
  ["500, call executed", { effect: "answer", status: 500, executed: true, body: "{}" }],
  ["503, call not executed", { effect: "answer", status: 503, body: "<html>503</html>" }],
  ["Answer byte by byte", { effect: "slow" }],
  ["All tokens expire", { effect: "expire_tokens" }],
];
field("effect").replaceChildren(...effects.map(([label], at) => new Option(label, at)));

function offerRoutes() {
  const routes = latest.routes[field("api").value] || [];
  const options = [...new Set(routes)].map((route) => new Option(route, route));
  field("route").replaceChildren(new Option("any", ""), ...options);
}

function offerServices() {
  const chosen = field("api");
  if (chosen.options.length === 1) {
    chosen.append(...latest.services.map((service) => new Option(service.name, service.api)));
    chosen.addEventListener("change", offerRoutes);
  }
}

faultForm.addEventListener("submit", (event) => {
  event.preventDefault();
  const [label, fault] = effects[field("effect").value];
  const match = { api: field("api").value, route: field("route").value, key: field("key").value.trim() };
  act(`Fault added: ${label}`, "faults", { ...fault, ...match, times: Number(field("times").value) });
});
find("#end-faults").addEventListener("click", () => act("All faults have ended", "faults", undefined, "DELETE"));

// ---- Switches

function makeSwitches(service) {
  const made = document.createElement("details");
  made.dataset.api = service.api;
  made.append(document.createElement("summary"), document.createElement("div"));
  made.addEventListener("toggle", () => made.open && loadSwitches());
  return made;
}

async function loadSwitches() {
  const switches = await (await fetch("switches")).json();
  for (const details of document.querySelectorAll("#switches details[open]")) {
    const api = details.dataset.api;
    const makeOne = (item) => makeSwitch(api, item);
    show(details.lastElementChild, switches[api], (item) => item.name, makeOne, (row, item) => {
      row.classList.toggle("on", item.name in latest.switched[api]);
      const input = find("input", row);
      if (document.activeElement === input) {
        return; // somebody types
      }
      input.checked = item.value === true;
      input.value = item.kind === "json" ? JSON.stringify(item.value) : String(item.value);
    });
  }
}

function makeSwitch(api, { name, kind, about }) {
  const row = element("div", "switch", "");
  const label = element("label", "", "");
  label.append(element("code", "", name));
  const input = document.createElement("input");
  input.id = label.htmlFor = `switch-${api}-${name}`;
  input.type = { flag: "checkbox", number: "number" }[kind] || "text";
  const hint = element("p", "hint", about);
  hint.id = `about-${api}-${name}`;
  input.setAttribute("aria-describedby", hint.id);
  input.addEventListener("change", async () => {
    let value = { flag: input.checked, number: Number(input.value), text: input.value }[kind];
    if (kind === "json") {
      try {
        value = JSON.parse(input.value || "null");
      } catch {
        say(`${name} needs JSON, such as ["…"] or {"…": …}`, true);
        return;
      }
    }
    await act(`${api}: ${name} is ${JSON.stringify(value)}`, `quirks/${api}`, { [name]: value });
    input.blur();
    await loadSwitches();
    input.focus();
  });
  row.append(label, hint, input);
  return row;
}

function showSwitches(view) {
  const section = find("#switches");
  for (const service of view.services) {
    let details = find(`details[data-api=${service.api}]`, section);
    if (!details) {
      details = makeSwitches(service);
      section.append(details);
    }
    const on = Object.entries(view.switched[service.api]).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
    write(details.firstElementChild, `${service.name}${on.length ? ` (${on.join(", ")})` : ""}`);
  }
}

// ---- Looking

function query() {
  const asked = new URLSearchParams({ search: find("#search").value });
  for (const [api, wanted] of Object.entries(more)) {
    asked.set(`limit.${api}`, 10 + wanted);
  }
  return asked;
}

let turn = 0; // of two looks at a time, only the later one is shown

async function look() {
  const mine = ++turn;
  try {
    const asked = query();
    const answer = await fetch(`view?${asked}`);
    if (!answer.ok) {
      throw new Error(await answer.text());
    }
    const view = await answer.json();
    if (mine !== turn) {
      return;
    }
    latest = { ...view, search: asked.get("search").trim() };
    find("#lost").hidden = true;
    show(find("#services"), view.services, (service) => service.api, makeService, updateService);
    showNetwork(view);
    showSwitches(view);
    offerServices();
    write(find("#count-sims"), count(view.services.reduce((sum, service) => sum + service.total, 0)));
    write(find("#count-running"), count(view.running.total));
    write(find("#count-ledger"), count(view.ledger.total));
    write(find("#count-faults"), count(view.faults.length));
    const switched = Object.values(view.switched).reduce((sum, on) => sum + Object.keys(on).length, 0);
    write(find("#count-switches"), count(switched));
    const unknown = view.unexpected ? `, ${count(view.unexpected)} to unknown routes` : "";
    write(find("#requests"), `${count(view.requests)} requests so far${unknown}.`);
    document.body.dataset.looked = "yes";
  } catch (error) {
    if (mine === turn) {
      find("#lost").hidden = false;
      if (!(error instanceof TypeError)) {
        throw error; // not a lost connection, but a fault of this page
      }
    }
  }
}

find("#search").addEventListener("input", look);

async function watch() {
  if (!document.hidden) {
    await look();
  }
  setTimeout(watch, pause);
}
watch();
