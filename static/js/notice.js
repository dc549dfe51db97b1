// What an open page does when somebody waits: the number in the tab, a sound, and while it is hidden a notification.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const app = document.querySelector("[data-app]");
  if (!app) return;
  const bare = () => document.title.replace(/^\(\d+\+?\) /, "");
  let known = null;

  function waiting() {
    const red = document.querySelector(".rail .nav-count-red");
    const requests = document.querySelector('.rail [data-view="requests"] .nav-count');
    const figure = (element) => (element ? parseInt(element.textContent, 10) || 0 : 0);
    return { shown: red ? red.textContent.trim() : "", sum: figure(red) + figure(requests) };
  }

  // Two short tones, made here: no file, and as quiet as the device is.
  function sound() {
    if (app.dataset.sounds !== "true" || !window.AudioContext) return;
    const audio = new AudioContext();
    if (audio.state === "suspended") {
      audio.close(); // nobody has touched this page yet: browsers allow no sound
      return;
    }
    [660, 880].forEach(function (pitch, index) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      const begin = audio.currentTime + index * 0.14;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.0001, begin);
      volume.gain.exponentialRampToValueAtTime(0.12, begin + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, begin + 0.13);
      tone.connect(volume).connect(audio.destination);
      tone.start(begin);
      tone.stop(begin + 0.14);
      if (index) tone.onended = () => audio.close();
    });
  }

  function look() {
    const now = waiting();
    const title = (now.shown ? "(" + now.shown + ") " : "") + bare();
    if (document.title !== title) document.title = title;
    if (known !== null && now.sum > known) {
      // Several tabs of the same clinic: the one that looks speaks, else the first that gets the lock.
      if (navigator.locks) navigator.locks.request("medsync-sound", { ifAvailable: true }, (lock) => lock && new Promise((done) => (sound(), setTimeout(done, 1500))));
      else sound();
    }
    known = now.sum;
  }

  look();
  document.addEventListener("medsync:updated", look);
  document.addEventListener("medsync:shown", look);
  MedSync.sound = sound;
})();
