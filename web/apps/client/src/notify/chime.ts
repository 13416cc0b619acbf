/** Two soft notes, made on the spot: no sound file has to be loaded. */

let context: AudioContext | null = null;

const VOLUME = 0.08;
const NOTES: readonly { readonly hz: number; readonly atS: number }[] = [
  { hz: 659.3, atS: 0 },
  { hz: 880, atS: 0.11 },
];
const LENGTH_S = 0.32;

/** Plays them. A browser that wants a click first stays silent. */
export function chime(): void {
  if (typeof AudioContext === "undefined") return;
  context ??= new AudioContext();
  const audio = context;
  if (audio.state === "suspended") {
    audio.resume().then(
      () => play(audio),
      () => undefined,
    );
  } else {
    play(audio);
  }
}

function play(audio: AudioContext): void {
  for (const note of NOTES) {
    const start = audio.currentTime + note.atS;
    const tone = audio.createOscillator();
    const gain = audio.createGain();
    tone.type = "sine";
    tone.frequency.value = note.hz;
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(VOLUME, start + 0.015);
    gain.gain.exponentialRampToValueAtTime(0.0001, start + LENGTH_S);
    tone.connect(gain).connect(audio.destination);
    tone.start(start);
    tone.stop(start + LENGTH_S);
  }
}
