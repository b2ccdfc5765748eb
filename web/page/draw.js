export const $ = (id) => document.getElementById(id);

const numberFormat = new Intl.NumberFormat();
const timeFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'medium' });
export const formatNumber = (value) => numberFormat.format(value);
export const formatTime = (value) => timeFormat.format(new Date(value));

export const createCell = (text, className = '') =>
  Object.assign(document.createElement('td'), { textContent: text, className });

/** Replaces the rows of a table body. If there are none, one row shows `emptyText`. */
export function fillTable(body, rows, emptyText) {
  const createRow = (cells) => {
    const row = document.createElement('tr');
    row.append(...cells);
    return row;
  };
  const emptyCell = Object.assign(createCell(emptyText, 'muted'), { colSpan: 9 });
  body.replaceChildren(...(rows.length ? rows.map(createRow) : [createRow([emptyCell])]));
}

/** Calls the action with the form's fields when the form is submitted. */
export function onSubmit(form, action) {
  $(form).addEventListener('submit', (event) => {
    event.preventDefault();
    action(Object.fromEntries(new FormData(event.target)));
  });
}

/** Runs the action and shows its error, if any, in the tab's error line. */
export async function attempt(tab, action) {
  const line = $(`${tab}-error`);
  try {
    await action();
    line.hidden = true;
  } catch (error) {
    line.textContent = error.message;
    line.hidden = false;
  }
}
