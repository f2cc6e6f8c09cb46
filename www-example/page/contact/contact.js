/*
 * The forms' better half: sends in place and puts the answer where it belongs. Without it the browser posts the form
 * as it is and the gateway answers with a page of its own. Both example pages use it.
 *
 * Whatever happens (an answer, an error page, no network, no end in sight) the spinner goes away and the words of the visitor stay.
 */
"use strict";

const STATUS_CLASS = {
	validation_failed: "invalid", acceptance_missing: "unaccepted", mail_sent: "sent", mail_failed: "failed",
	spam: "spam", aborted: "aborted"
};
const PATIENCE_MS = 60000;

function setStatus(form, status) {
	form.classList.remove("init", "submitting", ...Object.values(STATUS_CLASS));
	form.classList.add(STATUS_CLASS[status] || status);
	form.dataset.status = status;
}

/* `text` for the eyes and, a moment later, for screen readers: a live region speaks only when it changes. */
function say(container, text, errors) {
	const spoken = container.querySelector(".screen-reader-response");
	container.querySelector(".wpcf7-response-output").textContent = text;
	spoken.querySelector("ul").replaceChildren(...errors.map((error) => {
		const item = document.createElement("li");
		item.textContent = error.message;
		return item;
	}));
	spoken.querySelector("[role=status]").textContent = text;
}

function clearErrors(form) {
	for (const tip of form.querySelectorAll(".wpcf7-not-valid-tip"))
		tip.remove();
	for (const control of form.querySelectorAll("[aria-invalid=true]")) {
		control.setAttribute("aria-invalid", "false");
		control.removeAttribute("aria-describedby");
	}
}

function showError(form, unitTag, error) {
	const wrap = form.querySelector(`.wpcf7-form-control-wrap[data-name="${CSS.escape(error.field)}"]`);
	const first = wrap && wrap.querySelector("input, textarea, select");
	if (!first)
		return;
	/* A single radio button is never wrong: their group is. */
	const control = first.closest("[role=radiogroup]") || first;
	const tip = document.createElement("span");
	tip.className = "wpcf7-not-valid-tip";
	tip.id = `${unitTag}-ve-${error.field}`;
	tip.textContent = error.message;
	wrap.append(tip);
	control.setAttribute("aria-invalid", "true");
	control.setAttribute("aria-describedby", tip.id);
}

/* The first thing that the visitor should see now: the field to mend, or what became of the message. */
function lead(form) {
	const field = form.querySelector("[aria-invalid=true]");
	if (field)
		(field.matches("[role=radiogroup]") ? field.querySelector("input") : field).focus();
	else
		form.querySelector(".wpcf7-response-output").scrollIntoView({ block: "nearest" });
}

/* What stands at which field. A missing consent, or one that must not be given, has no entry of its own in Contact Form 7's answer. */
function errorsOf(form, answer) {
	if (answer.status === "acceptance_missing")
		return [...form.querySelectorAll(".wpcf7-acceptance:not(.optional)")]
			.filter((acceptance) => acceptance.querySelector("input").checked === acceptance.classList.contains("invert"))
			.map((acceptance) => ({ field: acceptance.closest(".wpcf7-form-control-wrap").dataset.name, message: answer.message }));
	return Array.isArray(answer.invalid_fields) ? answer.invalid_fields : [];
}

function showAnswer(container, form, answer) {
	const errors = errorsOf(form, answer);
	setStatus(form, answer.status);
	for (const error of errors)
		showError(form, container.id, error);
	say(container, answer.message, errors);
	/* A new question only where the old one is done with: answered, or its hash too old to be answered any more. */
	if (answer.quiz && (answer.status === "mail_sent" || errors.some((error) => error.field in answer.quiz)))
		ask(form, answer.quiz);
	if (answer.status === "mail_sent") {
		form.reset();
		refresh(form);
	}
	lead(form);
}

async function post(form) {
	const response = await fetch(form.dataset.endpoint, {
		method: "POST",
		body: new FormData(form),
		headers: { Accept: "application/json, */*;q=0.1" },
		signal: AbortSignal.timeout(PATIENCE_MS)
	});
	const answer = response.ok ? await response.json() : null;
	if (typeof answer?.status !== "string" || typeof answer.message !== "string")
		throw new Error(`the answer is none of ours (HTTP ${response.status})`);
	return answer;
}

async function submit(container, form) {
	const button = form.querySelector(".wpcf7-submit");
	const spinner = form.querySelector(".wpcf7-spinner");
	if (button.getAttribute("aria-disabled") === "true")
		return;
	button.setAttribute("aria-disabled", "true");
	spinner.hidden = false;
	clearErrors(form);
	say(container, "", []);
	setStatus(form, "submitting");
	try {
		showAnswer(container, form, await post(form));
	} catch (error) {
		console.error(error);
		showAnswer(container, form, { status: "mail_failed", message: form.dataset.textFailed });
	} finally {
		button.removeAttribute("aria-disabled");
		spinner.hidden = true;
	}
}

/* Questions, each with the hash of its answer, by the names of their fields. */
function ask(form, quiz) {
	for (const [name, [question, hash]] of Object.entries(quiz)) {
		const wrap = form.querySelector(`.wpcf7-form-control-wrap[data-name="${CSS.escape(name)}"]`);
		wrap.querySelector(".wpcf7-quiz-label").textContent = question;
		wrap.querySelector(".wpcf7-quiz").value = "";
		wrap.querySelector("[type=hidden]").value = hash;
	}
}

/* What Contact Form 7 calls its cached mode: the page may be as old as it likes, its quizzes come fresh from the gateway. */
async function refill(form) {
	if (!form.querySelector(".wpcf7-quiz"))
		return;
	try {
		const response = await fetch(form.dataset.endpoint.replace(/feedback$/, "refill"));
		const answer = response.ok ? await response.json() : {};
		if (answer.quiz)
			ask(form, answer.quiz);
	} catch (error) {
		console.warn(error);
	}
}

/* What shows something of another control: counts, reflections, and the text that belongs to the last choice. */
function refresh(form) {
	for (const count of form.querySelectorAll(".wpcf7-character-count")) {
		const length = form.elements[count.dataset.targetName].value.length;
		count.textContent = count.classList.contains("down") ? count.dataset.maximumValue - length : length;
	}
	for (const mirror of form.querySelectorAll("[data-reflection-of]")) {
		const control = form.elements[mirror.dataset.reflectionOf];
		mirror.textContent = control.validity.valid ? control.value : "";
	}
	for (const text of form.querySelectorAll(".wpcf7-free-text"))
		text.disabled = !text.closest(".wpcf7-list-item").querySelector("[type=checkbox], [type=radio]").checked;
}

/* Of these boxes one at most is ticked. */
function untickOthers(box) {
	for (const other of box.closest(".wpcf7-exclusive-checkbox")?.querySelectorAll("input") ?? [])
		if (other !== box)
			other.checked = false;
}

for (const container of document.querySelectorAll(".wpcf7")) {
	const form = container.querySelector("form");
	form.noValidate = true;
	container.classList.replace("no-js", "js");
	refresh(form);
	refill(form);
	form.addEventListener("input", (event) => {
		untickOthers(event.target);
		refresh(form);
	});
	form.addEventListener("submit", (event) => {
		event.preventDefault();
		submit(container, form);
	});
}
