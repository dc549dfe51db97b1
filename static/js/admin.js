// The admin sites: unfold keeps its look in the browser, MedSync in the profile. What the profile says is right;
// a profile that follows the device leaves unfold's own switch alone. Runs before Alpine reads the storage.
const chosen = document.documentElement.classList.contains("dark")
  ? "dark"
  : document.documentElement.classList.contains("light") ? "light" : "";
if (chosen) {
  localStorage.setItem("adminTheme", JSON.stringify(chosen));
  localStorage.setItem("medsyncTheme", chosen);
} else if (localStorage.getItem("medsyncTheme")) {
  localStorage.removeItem("adminTheme");
  localStorage.removeItem("medsyncTheme");
}
