export const $ = (id) => document.getElementById(id);

const counted = new Intl.NumberFormat();
const dated = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'medium' });
export const number = (value) => counted.format(value);
export const time = (value) => dated.format(new Date(value));

export const cell = (text, className = '') =>
  Object.assign(document.createElement('td'), { textContent: text, className });

/** Rows of cells as a table's body, or a line that says that there are none. */
export function fill(body, rows, empty) {
  const line = (cells) => {
    const row = document.createElement('tr');
    row.append(...cells);
    return row;
  };
  const nothing = Object.assign(cell(empty, 'none'), { colSpan: 9 });
  body.replaceChildren(...(rows.length ? rows.map(line) : [line([nothing])]));
}

/** Calls with the form's fields when it is sent. */
export function onSubmit(form, action) {
  $(form).addEventListener('submit', (event) => {
    event.preventDefault();
    action(Object.fromEntries(new FormData(event.target)));
  });
}

/** Does it, and says in the tab's own line what was wrong, if anything was. */
export async function attempt(tab, action) {
  const trouble = $(`${tab}-trouble`);
  try {
    await action();
    trouble.hidden = true;
  } catch (error) {
    trouble.textContent = error.message;
    trouble.hidden = false;
  }
}
