//! What each parameter does, in words.

/// What the parameter of a name does, in a sentence or two.
pub fn hint(name: &str) -> Option<&'static str> {
    HINTS.iter().find(|(of, _)| *of == name).map(|(_, words)| *words)
}

/// By the names of the parameters.
const HINTS: [(&str, &str); 43] = [
    ("Bypass", "Ends what plays, and passes on all that you play untouched."),
    (
        "Mode",
        "Solo plays alone. Accompany plays with you. Answer is silent while you play and goes on \
         from it when you rest for half a bar.",
    ),
    (
        "Reaction",
        "In mode Accompany: how far into its step a chord sounds, so that it can react to what \
         you play there. At 0 it is decided ahead and reacts a step late.",
    ),
    ("Follow", "How closely it follows what you play. At 0 % it mostly follows itself."),
    ("Start with me", "Waits, silent, until you play."),
    ("Stop with me", "Ends at the bar line after a bar without you, until you play again."),
    ("Room", "Begins no note under your hands or right beside them."),
    ("Double", "Lets it play the very keys that you hold."),
    ("Thru", "Passes on what you play, as you play it: notes, pedal, bend and all."),
    ("Sustain", "For hosts that pass no pedal to a plugin: map yours to this with MIDI learn."),
    ("Answer now", "In mode Answer: asks for the answer at once."),
    ("Wild", "Below 1 it plays safer, above 1 wilder."),
    ("Busy", "How many notes it plays: 2 asks for twice as many, 0.5 for half."),
    ("Register", "Plays higher or lower: by about so many semitones in the mean, where it may."),
    ("Truncation", "Drops notes less likely than this: no strays. Pop likes 10 %."),
    (
        "Key",
        "The tonic of the scale; Follow me takes that of the key in which you play. With the \
         chromatic scale it changes nothing.",
    ),
    ("Scale", "The notes that may sound. Chromatic is all of them, whatever the key."),
    ("Lowest note", "No note sounds below this one."),
    ("Highest note", "No note sounds above this one."),
    ("Most notes", "How many notes may sound at once."),
    ("Most onsets", "How many notes may begin in one step."),
    ("Clear bass", "Keeps thirds out of the notes below C3, where they are mud."),
    ("Transpose", "Shifts all notes. Key, scale and range apply to the result."),
    ("Seed", "Another number, another performance; the same number, the same one."),
    ("Lookahead", "How far ahead a chord is decided. Raise it if deadlines are missed."),
    ("Rate", "How long a step lasts. The models think in sixteenths."),
    ("Channel", "The MIDI channel of the notes sent."),
    ("Split", "Sends bass, middle and top on three channels, starting at Channel."),
    ("Loudness", "The velocity of its notes while you play neither loud nor soft."),
    ("Dynamics", "How closely its loudness follows yours, with outer voices louder."),
    ("Accent", "Velocity added on the bar line; half on other beats."),
    ("Humanise", "The largest random change of a velocity, up or down."),
    ("Gate", "How much of its last step a note sounds, if not held on."),
    ("Swing", "How long the first note of a pair is: 50 % is even, 66 % is a triplet."),
    (
        "Swing of",
        "Which notes swing: eighths or sixteenths. Your playing is expected to swing as well.",
    ),
    ("Lay back", "Plays everything later; or earlier, as far as Reaction leaves room."),
    ("Timing", "How early or late a chord may be by chance; the same each time it is played."),
    ("Groove", "How much of your own early or late playing it takes over, by quarters of a beat."),
    ("Replay", "When what was played before is played again instead of new music."),
    ("Wait for notes", "For renders in hosts that do not say that they render."),
    ("Audition", "A small electric piano of its own, on the audio output."),
    ("Audition level", "How loud that is."),
    ("Model", "Which model plays."),
];
