"""Measures people's own accompaniments of the files here, for xtask/src/judge.

python3 -m venv v && v/bin/pip install mido numpy && v/bin/python measure_accompaniment.py > accompaniment.json

A second statement of the definitions in docs/judge.md, in another language and from another reader
of MIDI files. The melody is the highest key of the track named Soprano or melody; the accompaniment
is the other tracks without the melody's keys; both begin at the bar line at or before the melody's first note
and last 16 bars at most.
"""
import json
from pathlib import Path

import mido
import numpy as np

BARS = 16
CONSONANT = [0, 3, 4, 5, 7, 8, 9]
MAJOR = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88]
MINOR = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17]
SCALES = {False: [0, 2, 4, 5, 7, 9, 11], True: [0, 2, 3, 5, 7, 8, 10, 11]}
# What a sonority may be a part of.
WHOLE = [{0, 4, 7, 11}, {0, 4, 7, 10}, {0, 3, 7, 10}, {0, 3, 6, 10}, {0, 3, 6, 9}, {0, 4, 8}, {0, 5, 7, 10}, {0, 4, 7, 9},
         {0, 3, 7, 9}, {0, 2, 4, 7}, {0, 3, 7, 11}]
# What a beat is taken for; of equals the first.
TEMPLATES = [{0, 4, 7}, {0, 3, 7}, {0, 3, 6}, {0, 4, 8}, {0, 5, 7}, {0, 4, 7, 10}, {0, 4, 7, 11}, {0, 3, 7, 10}, {0, 3, 6, 10},
             {0, 3, 6, 9}]
ROWS = [({(t + x) % 12 for x in c}, len(c)) for c in TEMPLATES for t in range(12)]


def rolls(path):
    """{track: (playing, struck)}, each bool [steps, 128]; a step is a sixteenth."""
    midi = mido.MidiFile(path)
    notes, steps = {}, 0
    for track in midi.tracks:
        tick, begun = 0, {}
        for message in track:
            tick += message.time
            if message.type not in ("note_on", "note_off"):
                continue
            if message.note in begun:
                start = begun.pop(message.note)
                first, end = (int(4 * t / midi.ticks_per_beat + 0.5) for t in (start, tick))
                notes.setdefault(track.name, []).append((first, max(end, first + 1), message.note))
                steps = max(steps, notes[track.name][-1][1])
            if message.type == "note_on" and message.velocity > 0:
                begun[message.note] = tick
    out = {}
    for name, of_track in notes.items():
        play, struck = np.zeros((steps, 128), bool), np.zeros((steps, 128), bool)
        for first, end, key in of_track:
            play[first:end, key] = True
            struck[first, key] = True
        out[name.strip().lower()] = play, struck
    return out


def bar_steps(path):
    """Steps of a bar; one signature throughout, or none, which is 4/4."""
    told = [m for track in mido.MidiFile(path).tracks for m in track if m.type == "time_signature"]
    return 16 * told[0].numerator // told[0].denominator if told else 16


def pair(path):
    """Melody (key or -1, struck) and accompaniment (playing, struck) by step, and steps of a bar."""
    bar = bar_steps(path)
    tracks = rolls(path)
    lead = "soprano" if "soprano" in tracks else "melody"
    play, struck = tracks.pop(lead)
    key = np.array([max(np.flatnonzero(row), default=-1) for row in play])
    hit = np.array([k >= 0 and (struck[t, k] or t == 0 or key[t - 1] != k) for t, k in enumerate(key)])
    other = np.any([p for p, _ in tracks.values()], 0), np.any([s for _, s in tracks.values()], 0)
    for plane in other:
        plane[np.flatnonzero(key >= 0), key[key >= 0]] = False
    first = np.flatnonzero(key >= 0)[0] // bar * bar
    cut = slice(first, first + BARS * bar)
    return key[cut], hit[cut], other[0][cut], other[1][cut], bar


def tonality(key):
    count = np.bincount(key[key >= 0] % 12, minlength=12).astype(float)
    fits = [(np.corrcoef(count, np.roll(p, t))[0, 1], t, p is MINOR) for p in (MAJOR, MINOR) for t in range(12)]
    return max(fits)[1:]


def part_of_a_chord(classes):
    return any(classes <= {(t + x) % 12 for x in c} for c in WHOLE for t in range(12))


def ratio(part, whole):
    return part / whole if whole else 0.0


def runs(play, struck):
    """Steps of each note."""
    lengths = []
    for t, k in zip(*np.nonzero(struck)):
        end = t + 1
        while end < len(play) and play[end, k] and not struck[end, k]:
            end += 1
        lengths.append(end - t)
    return np.array(lengths)


def measure(key, hit, play, struck, size):
    steps, tonic_minor = len(key), tonality(key)
    tonic, minor = tonic_minor
    scale = np.isin((np.arange(128) - tonic) % 12, SCALES[minor])
    sung = np.flatnonzero(key >= 0)
    pairs = [(int(k), int(key[t])) for t in sung for k in np.flatnonzero(play[t])]
    classes = [({int(k) % 12 for k in np.flatnonzero(play[t])}, int(key[t]) % 12) for t in sung]
    thick = [(c, m) for c, m in classes if len(c) >= 2]
    good = total = 0
    for b in range(0, steps - 3, 4):
        w = np.array([play[b:b + 4, c::12].sum() for c in range(12)], float)
        if (w > 0).sum() < 2:
            continue
        best = max(ROWS, key=lambda r: sum(w[c] for c in r[0]) / w.sum() - 0.08 * r[1])[0]
        k = key[b:b + 4]
        k = k[k >= 0] % 12
        good += sum(int(x) in best for x in k)
        total += len(k)
    onsets = struck.any(1)
    lengths = runs(play, struck)
    low = [np.flatnonzero(row[:48]) for row in play]
    muddy = [len(l) > 1 and np.diff(l).min() <= 4 for l in low]
    bars = range(0, steps, size)
    begun = [{(int(t), int(k)) for t, k in zip(*np.nonzero(struck[b:b + size]))} for b in bars]
    alike = lambda a, b: len(a & b) >= 0.7 * len(a | b)
    early = [n for n in range(4, len(begun)) if begun[n]]
    returns = [any(begun[m] and alike(begun[n], begun[m]) for m in range(max(0, n - 8), n - 3)) for n in early]
    sounding = [b for b in bars if play[b:b + size].any()]
    out = [play[b:b + size][:, ~scale].sum() > play[b:b + size].sum() / 4 for b in sounding]
    first = -(-int(sung[0]) // size) * size
    bar = slice(first, first + size)
    return {
        "consonance": ratio(sum(abs(a - b) % 12 in CONSONANT for a, b in pairs), len(pairs)),
        "in_key": ratio(int(play[:, scale].sum()), int(play.sum())),
        "chord": ratio(sum(part_of_a_chord(c | {m}) for c, m in thick), len(thick)),
        "note_in_chord": ratio(good, total),
        "counted": ratio(total, len(sung)),
        "first_bar_in_key": ratio(int(play[bar][:, scale].sum()), int(play[bar].sum())) if onsets[bar].any() else 0.0,
        "sounding": ratio(len(pairs), len(sung)),
        "above_melody": ratio(sum(a > b for a, b in pairs), len(pairs)),
        "onset_steps": ratio(int(onsets.sum()), steps),
        "note_length": ratio(int(play.sum()), int(struck.sum())),
        "together": ratio(int(struck[hit].sum()), int(struck.sum())),
        "mud": ratio(sum(m for m, o in zip(muddy, onsets) if o), int(onsets.sum())),
        "block_onsets": ratio(int((struck.sum(1) >= 4).sum()), int(onsets.sum())),
        "sixteenths": ratio(int((lengths == 1).sum()), len(lengths)),
        "returns": ratio(sum(returns), len(returns)),
        "out_of_key": ratio(int(sum(out)), len(out)),
    }


def main():
    here = Path(__file__).resolve().parent
    told = {}
    for path in sorted(here.glob("chorales/*.mid")) + sorted(here.glob("leadsheets/*.mid")):
        figures = measure(*pair(path))
        told[path.relative_to(here).as_posix()] = {name: float(f"{value:.12g}") for name, value in figures.items()}
    print("{" + ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in told.items()) + "}")


main()
