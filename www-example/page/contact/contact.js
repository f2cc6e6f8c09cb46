/*
 * The form's better half: sends in place and puts the answer where it belongs. Without it the browser posts the form
 * as it is and the gateway answers with a page of its own.
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
	const control = wrap && wrap.querySelector("input, textarea, select");
	if (!control)
		return;
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
		field.focus();
	else
		form.querySelector(".wpcf7-response-output").scrollIntoView({ block: "nearest" });
}

/* What stands at which field. A missing consent has no entry of its own in Contact Form 7's answer. */
function errorsOf(form, answer) {
	if (answer.status === "acceptance_missing") {
		const wrap = form.querySelector(".wpcf7-acceptance").closest(".wpcf7-form-control-wrap");
		return [{ field: wrap.dataset.name, message: answer.message }];
	}
	return Array.isArray(answer.invalid_fields) ? answer.invalid_fields : [];
}

function showAnswer(container, form, answer) {
	const errors = errorsOf(form, answer);
	setStatus(form, answer.status);
	for (const error of errors)
		showError(form, container.id, error);
	say(container, answer.message, errors);
	if (answer.status === "mail_sent")
		form.reset();
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

for (const container of document.querySelectorAll(".wpcf7")) {
	const form = container.querySelector("form");
	form.noValidate = true;
	form.addEventListener("submit", (event) => {
		event.preventDefault();
		submit(container, form);
	});
}
