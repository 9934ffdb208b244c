"""Prints what MusPy says of the files here, for xtask/src/judge/figures.rs.

python3 -m venv v && v/bin/pip install muspy==0.5.0 && v/bin/python measure_with_muspy.py > muspy.json

A piano roll has one note of a key at a time, so notes of several tracks are merged first: those
that begin together on one key are one, and of two that overlap the later one goes on until both
have ended.
"""
import json
from pathlib import Path

import muspy


def merged(music):
    ends = {}
    for track in music.tracks:
        for note in track.notes:
            at = (note.pitch, note.time)
            ends[at] = max(ends.get(at, 0), note.end)
    notes = []
    for pitch, time in sorted(ends):
        begun = [t for p, t in ends if p == pitch and t <= time]
        later = [t for p, t in ends if p == pitch and t > time]
        end = min([max(ends[pitch, t] for t in begun)] + later)
        notes.append(muspy.Note(time=time, pitch=pitch, duration=end - time, velocity=64))
    return muspy.Music(resolution=4, tracks=[muspy.Track(notes=notes)])


def main():
    here = Path(__file__).resolve().parent
    told = []
    for path in sorted(here.glob("chorales/*.mid")) + sorted(here.glob("leadsheets/*.mid")):
        music = muspy.read_midi(str(path))
        music.adjust_resolution(4)
        music = merged(music)
        figures = [
            muspy.pitch_class_entropy(music),
            muspy.scale_consistency(music),
            muspy.groove_consistency(music, 16),
            muspy.polyphony(music),
            muspy.empty_beat_rate(music),
            muspy.pitch_range(music),
        ]
        told.append([path.relative_to(here).as_posix(), [float(f) for f in figures]])
    print("[" + ",\n".join(json.dumps(row) for row in told) + "]")


main()
