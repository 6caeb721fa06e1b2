// What a page's reader can press: claims that unfold, figures that enlarge. Without it all stands open.

const folds = [...document.querySelectorAll(".unfold")].map((button) => {
  const row = document.getElementById(button.getAttribute("aria-controls"));
  const show = (open) => {
    row.hidden = !open;
    button.setAttribute("aria-expanded", open);
  };
  button.addEventListener("click", () => show(row.hidden));
  return { address: `#${button.closest("tbody").id}`, row, show };
});
const follow = () => folds.filter((fold) => fold.address === location.hash).forEach((fold) => fold.show(true));
folds.forEach((fold) => fold.show(false));
window.addEventListener("hashchange", follow);
follow();

for (const button of document.querySelectorAll(".all")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const open = folds.some((fold) => fold.row.hidden);
    folds.forEach((fold) => fold.show(open));
    button.textContent = open ? "fold all" : "unfold all";
  });
}

const dialog = document.querySelector("dialog");
const enlarged = dialog.querySelector("img");
for (const button of document.querySelectorAll(".enlarge")) {
  button.addEventListener("click", () => {
    const image = button.querySelector("img");
    enlarged.src = image.src;
    enlarged.alt = image.alt;
    dialog.showModal();
  });
}
dialog.addEventListener("click", () => dialog.close());
