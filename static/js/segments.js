// How many SMS parts a text makes, counted as messaging/segments.py counts it.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const BASIC = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
  const EXTENDED = new Set("^{}\\[~]|€\f");

  MedSync.segments = function (text) {
    const chars = Array.from(text);
    const because = chars.find((char) => !BASIC.has(char) && !EXTENDED.has(char)) || "";
    const single = because ? 70 : 160;
    const each = because ? 67 : 153;
    const sizes = chars.map((char) => (because ? char.length : EXTENDED.has(char) ? 2 : 1));
    const units = sizes.reduce((sum, size) => sum + size, 0);
    const found = { encoding: because ? "ucs2" : "gsm", units: units, parts: units ? 1 : 0, room: single, because: because };
    if (units <= single) return found;
    found.parts = 1;
    let filled = 0;
    sizes.forEach(function (size) {
      if (filled + size > each) {
        found.parts += 1;
        filled = 0;
      }
      filled += size;
    });
    found.room = found.parts * each;
    return found;
  };
})();
