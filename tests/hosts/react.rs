//! An accompanist who listens to the last moment, in the built bundles: the same music whatever
//! carries it, and music beside whatever is held.

use crate::support::{FORMATS, FRONTS, STEPS_PER_BEAT, run};
use anacrusis_test_host::musician::{Pattern, company, onsets_by_bar};
use anacrusis_test_host::random;
use anacrusis_test_host::recording::Kind;
use anacrusis_test_host::script::Action;
use anacrusis_test_host::{Format, Recording, Script};

/// The plugin as it comes, in a host that waits for every chord.
fn accompanying(sample_rate: f64, block: u32) -> Script {
    Script::new(sample_rate, block)
        .without_thru()
        .set("Wait for notes", "On")
        .set("Replay", "Never")
        .live(1.0)
        .samples(sample_rate as u64 / 20)
        .then(Action::Pace(None))
}

/// A tune in C, in keys and beats, with notes that hang over, a rest and a chord.
const TUNE: [(&[u8], f64); 10] = [
    (&[72], 1.0),
    (&[76], 0.5),
    (&[79], 0.5),
    (&[77], 0.5),
    (&[], 0.5),
    (&[74], 1.0),
    (&[71, 77], 1.5),
    (&[76], 0.5),
    (&[72], 2.0),
    (&[], 2.0),
];

/// Plays the tune so many times over.
fn tune(mut script: Script, times: usize) -> Script {
    for (keys, beats) in TUNE.iter().cycle().take(times * TUNE.len()) {
        script = keys.iter().fold(script, |script, key| script.note_on(*key)).beats(*beats);
        script = keys.iter().fold(script, |script, key| script.note_off(*key));
    }
    script
}

/// Jumps, loops, tempi and knobs beside a musician. Lengths are whole samples at every rate, so that
/// all block sizes share the edges at which something changes.
fn everything(script: Script) -> Script {
    let script = tune(script.play(), 2).tempo(180.0);
    let script = tune(script, 1).jump(64.0).set("Follow", "100");
    let script = tune(script, 1).loop_beats(78.0, 82.0).set("Reaction", "25.0");
    let script = tune(script, 2).stop().samples(9_600);
    tune(script.loop_off().jump(0.0).samples(4_800).play(), 1).stop().samples(9_600)
}

#[test]
fn an_accompaniment_is_one_music() {
    let mut random = Vec::new();
    let mut x = 12_345_u32;
    for _ in 0..64 {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        random.push(1 + (x >> 16) % 256);
    }
    let partitions: [&[u32]; 5] = [&[17], &[64], &[256], &[4096], &random];
    let mut music = None;
    for hz in [48_000.0, 44_100.0, 96_000.0] {
        let mut samples = None;
        for front in FRONTS {
            for sizes in partitions {
                for offline in [false, true] {
                    if offline && ![64, 4096].contains(&sizes[0]) {
                        continue;
                    }
                    let script = accompanying(hz, 64).offline(offline).block_sizes(sizes);
                    let recording = run(front, &everything(script));
                    let digest = recording.digest_of_music(STEPS_PER_BEAT);
                    let told = format!("{front:?}, {hz} Hz, blocks of {sizes:?}, {offline}");
                    assert!(recording.events.len() > 100, "{told}");
                    assert_eq!(recording.notes().unmatched(), 0, "{told}");
                    assert_eq!(*music.get_or_insert(digest), digest, "other music: {told}");
                    let digest = recording.digest();
                    assert_eq!(*samples.get_or_insert(digest), digest, "other samples: {told}");
                }
            }
        }
    }
}

/// The tune twice, by hands that are off the grid, each note by an amount of its own. The first
/// comes late in its step: after that was decided for the last time. Ends hang over into what
/// follows.
fn off_the_grid(mut script: Script, seed: u32) -> Script {
    const BEAT: f64 = 24_000.0;
    let (mut x, mut beat, mut events) = (seed, 0.0, Vec::new());
    for (n, (keys, beats)) in TUNE.iter().cycle().take(2 * TUNE.len()).enumerate() {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let off = i64::from((x >> 16) % 2400) - if n == 0 { -400 } else { 1200 };
        let at = |beat: f64| (beat * BEAT) as i64 + off;
        for key in *keys {
            events.push((at(beat), true, *key));
            events.push((at(beat + beats) + 480, false, *key));
        }
        beat += beats;
    }
    events.sort_unstable();
    let mut now = 0;
    for (at, on, key) in events {
        if at > 4 * BEAT as i64 {
            script = script.then(Action::Pace(None));
        }
        script = script.samples(u64::try_from(at - now).unwrap_or(0));
        script = if on { script.note_on(key) } else { script.note_off(key) };
        now = at;
    }
    script.stop().samples(9_600)
}

#[test]
fn hands_off_the_grid_are_accompanied_the_same_each_time() {
    for seed in 1..=random::cases(8) {
        let mut first = None;
        for (format, speed) in
            FRONTS.into_iter().flat_map(|front| [(front, None), (front, Some(4.0))])
        {
            let script = accompanying(48_000.0, 256).then(Action::Pace(speed)).play();
            let recording = run(format, &off_the_grid(script, seed));
            assert_eq!(recording.notes().unmatched(), 0);
            let music = recording.digest_of_music(STEPS_PER_BEAT);
            assert_eq!(*first.get_or_insert(music), music, "{format:?}, {speed:?}: hands {seed}");
        }
    }
}

/// Chords held, repeated and broken, and a tune, from low to high.
#[test]
fn whatever_is_held_is_accompanied_in_every_bar() {
    const BARS: u32 = 24;
    for model in ["Songs (built in)", "Classical (built in)", "Pop (built in)"] {
        for root in [36, 48, 60, 72] {
            for pattern in Pattern::ALL {
                let mut script = accompanying(48_000.0, 256).set("Model", model).tempo(240.0);
                // A built-in model is opened in the meantime.
                script = script.live(1.0).samples(24_000).then(Action::Pace(None)).play();
                script = pattern.play(script, root, BARS, 0.75);
                let recording = run(Format::Clap, &script.stop().samples(4_800));
                let company = company(&recording, 0.0, BARS);
                println!("{model} {root} {pattern}: {company:?}");
                assert_eq!(company.silent_bars, 0, "{model}, {pattern} on {root}");
                assert!(company.longest_beats <= 32.5, "{model}, {pattern} on {root}: {company:?}");
            }
        }
    }
}

/// The most of our own notes that sound at once, and that begin at one sample.
fn most_at_once(recording: &Recording) -> (usize, usize) {
    let (mut sounding, mut most) = (std::collections::HashSet::new(), (0, 0));
    let (mut at, mut begun) = (u64::MAX, 0);
    for event in &recording.events {
        match event.kind {
            Kind::On => sounding.insert(event.key),
            Kind::Off => sounding.remove(&event.key),
        };
        if event.kind == Kind::On {
            begun = if event.time_samples == at { begun + 1 } else { 1 };
            at = event.time_samples;
        }
        most = (most.0.max(sounding.len()), most.1.max(begun));
    }
    most
}

/// One key held for many bars is where a network falls silent, and is urged to begin a note: one, and
/// never more than there may be.
#[test]
fn against_silence_no_cluster_is_struck() {
    let held = |model: &str, key, metre: (u16, u16), settings: &[(&str, &str)]| {
        let mut script = accompanying(48_000.0, 256).set("Model", model).tempo(240.0);
        for (name, text) in settings {
            script = script.set(name, text);
        }
        script = script.live(1.0).samples(24_000).then(Action::Pace(None));
        script = script.then(Action::TimeSignature(metre.0, metre.1)).play();
        script = script.note_on(key).beats(112.0).note_off(key).stop().samples(4_800);
        let most = most_at_once(&run(Format::Clap, &script));
        println!(
            "{model}, {key} held in {metre:?}, {settings:?}: {most:?} sound and begin at once"
        );
        most
    };
    for model in ["Songs (built in)", "Classical (built in)", "Pop (built in)"] {
        for key in [60, 84, 103] {
            for metre in [(4, 4), (7, 8)] {
                let (sounding, begin) = held(model, key, metre, &[]);
                assert!(
                    sounding <= 8,
                    "{model}, {key} in {metre:?}: {sounding} sound, {begin} begin"
                );
            }
        }
        let (_, begin) = held(model, 96, (4, 4), &[("Most onsets", "1")]);
        assert!(begin <= 1, "{model}: {begin} begin");
        let (sounding, _) = held(model, 96, (7, 8), &[("Most notes", "2")]);
        assert!(sounding <= 2, "{model}: {sounding} sound");
    }
}

/// At every rate, and where a few notes that are held leave no room for others.
#[test]
fn whatever_the_rate_and_the_limits_every_bar_is_accompanied() {
    const BARS: u32 = 24;
    for rate in ["1/8", "1/8 triplet", "1/16", "1/16 triplet", "1/32"] {
        for most in ["1", "4"] {
            let mut script = accompanying(48_000.0, 256)
                .set("Model", "Classical (built in)")
                .set("Rate", rate)
                .set("Scale", "Major")
                .set("Most notes", most)
                .set("Seed", "3");
            script = script.live(1.0).samples(24_000).then(Action::Pace(None)).play();
            script = Pattern::Held.play(script, 48, BARS, 0.75);
            let recording = run(Format::Clap, &script.stop().samples(4_800));
            let company = company(&recording, 0.0, BARS);
            println!("{rate}, {most} notes: {company:?}");
            assert_eq!(company.silent_bars, 0, "{rate}, {most} notes");
        }
    }
}

/// Who rests is waited for: nobody fills the silence with more notes than before.
#[test]
fn it_plays_with_the_musician_and_thinner_while_they_rest() {
    const CYCLES: u32 = 6;
    for model in ["Songs (built in)", "Classical (built in)", "Pop (built in)"] {
        let mut script = accompanying(48_000.0, 256).set("Model", model).tempo(240.0);
        script = script.live(1.0).samples(24_000).then(Action::Pace(None)).play();
        for _ in 0..CYCLES {
            script = Pattern::Tune.play(script, 64, 4, 0.75).beats(16.0);
        }
        let recording = run(Format::Clap, &script.stop().samples(4_800));
        let onsets = onsets_by_bar(&recording, 0.0, 8 * CYCLES);
        println!("{model}: onsets in the bars of each cycle:");
        onsets.chunks(8).for_each(|cycle| println!("  {:?} {:?}", &cycle[..4], &cycle[4..]));
        let cycles = onsets.chunks(8).map(|cycle| [&cycle[..4], &cycle[4..]]);
        let cycles: Vec<[usize; 2]> =
            cycles.map(|halves| halves.map(|bars| bars.iter().sum())).collect();
        let [beside, alone] = [0, 1].map(|half| cycles.iter().map(|c| c[half]).sum::<usize>());
        assert!(20 * alone < 17 * beside, "{model}: {alone} onsets in rests, {beside} beside it");
        // A single rest may be a little denser, where next to nothing was played before it.
        for [beside, alone] in cycles {
            assert!(4 * alone <= 5 * beside, "{model}: {alone} onsets after {beside}");
        }
        let silent = onsets.chunks(8).flat_map(|cycle| &cycle[..4]).filter(|n| **n == 0).count();
        assert_eq!(silent, 0, "{model}: silent bars beside the tune");
    }
}

/// Questions of two bars, and for each as long a time to answer.
#[test]
fn questions_are_answered_in_the_next_bars_and_with_about_as_many_voices() {
    const QUESTIONS: [&[(u8, f64)]; 3] = [
        &[(60, 1.0), (64, 1.0), (67, 2.0), (65, 1.0), (64, 1.0)],
        &[(69, 0.5), (71, 0.5), (72, 1.0), (76, 1.0), (74, 0.5), (72, 0.5), (71, 1.0), (69, 1.0)],
        &[(62, 1.5), (65, 0.5), (69, 1.0), (67, 0.5), (65, 0.5), (64, 1.0), (62, 1.0)],
    ];
    for model in ["Songs (built in)", "Classical (built in)", "Pop (built in)"] {
        let mut script = accompanying(48_000.0, 256).set("Model", model).set("Mode", "Answer");
        script = script.live(1.0).samples(24_000).then(Action::Pace(None)).play();
        for question in QUESTIONS {
            for (key, beats) in question {
                script = script.note_on(*key).beats(beats - 0.1).note_off(*key).beats(0.1);
            }
            // The last two beats of the second bar are a rest.
            script = script.beats(8.0 - question.iter().map(|note| note.1).sum::<f64>() + 8.0);
        }
        let recording = run(Format::Clap, &script.stop().samples(4_800));
        let onsets = onsets_by_bar(&recording, 0.0, 4 * QUESTIONS.len() as u32);
        println!("{model}: {onsets:?}");
        for (n, bars) in onsets.chunks(4).enumerate() {
            draw(&recording, QUESTIONS[n], 16.0 * n as f64);
            assert_eq!(bars[..2], [0, 0], "{model}: silent under question {n}");
            assert!(bars[2] > 0 && bars[3] > 0, "{model}: no answer to question {n}: {bars:?}");
        }
        let mut sounding = std::collections::HashSet::new();
        for event in &recording.events {
            match event.kind {
                Kind::On => sounding.insert(event.key),
                Kind::Off => sounding.remove(&event.key),
            };
            assert!(sounding.len() <= 2, "{model}: one voice is answered with {sounding:?}");
        }
    }
}

/// Prints a question (o) and its answer (#, and - where it is held) by sixteenths.
fn draw(recording: &Recording, question: &[(u8, f64)], first_beat: f64) {
    let mut rows = vec![['.'; 64]; 128];
    let mut beat = 0.0;
    for (key, beats) in question {
        let steps = (beat * 4.0) as usize..((beat + beats) * 4.0) as usize;
        rows[usize::from(*key)][steps].fill('o');
        beat += beats;
    }
    let mut began = [None; 128];
    for event in &recording.events {
        let step = ((event.position_beats - first_beat) * 4.0).floor();
        let slot = &mut began[usize::from(event.key)];
        if event.kind == Kind::On {
            *slot = Some(step);
        } else if let Some(from) = slot.take() {
            for step in (from as i64)..(step as i64) {
                if let Ok(column) = usize::try_from(step)
                    && let Some(cell) = rows[usize::from(event.key)].get_mut(column)
                {
                    *cell = if step == from as i64 { '#' } else { '-' };
                }
            }
        }
    }
    let used = |row: &[char; 64]| row.iter().any(|cell| *cell != '.');
    let [low, high] = [rows.iter().position(used), rows.iter().rposition(used)];
    for key in (low.unwrap_or(60)..=high.unwrap_or(60)).rev() {
        println!("{key:4} {}", rows[key].iter().collect::<String>());
    }
}

/// What nobody leads does not wander off: the mean keys of the quarters of 64 bars lie within an
/// octave.
#[test]
fn alone_it_stays_in_its_register() {
    const BARS: u32 = 64;
    for model in ["Songs (built in)", "Classical (built in)", "Pop (built in)"] {
        for seed in 1..=random::cases(1) {
            let mut script = accompanying(48_000.0, 512).set("Model", model).set("Mode", "Solo");
            script = script.set("Seed", &seed.to_string()).tempo(240.0);
            script = script.live(1.0).samples(24_000).then(Action::Pace(None)).play();
            let recording =
                run(Format::Clap, &script.beats(4.0 * f64::from(BARS)).stop().blocks(4));
            let mut sums = [(0.0, 0.0); 4];
            for event in recording.onsets() {
                let (sum, count) =
                    &mut sums[((event.position_beats / 64.0).max(0.0) as usize).min(3)];
                *sum += f64::from(event.key);
                *count += 1.0;
            }
            let means = sums.map(|(sum, count)| sum / count);
            println!("{model}, seed {seed}: {means:.0?}");
            let highest = means.into_iter().fold(f64::MIN, f64::max);
            let lowest = means.into_iter().fold(f64::MAX, f64::min);
            assert!(highest - lowest <= 12.0, "{model}, seed {seed}: {means:.1?}");
        }
    }
}

/// A second decision that cannot be there in time never makes a note stuck, doubled or early.
#[test]
fn at_full_speed_without_waiting_nothing_hangs() {
    for format in FORMATS {
        for block in [32, 256, 2048] {
            let script = Script::new(48_000.0, block).live(8.0).samples(4_800);
            let recording = run(format, &tune(script.play(), 3).stop().blocks(4));
            assert_eq!((recording.disordered, recording.outside), (0, 0));
            assert_eq!(recording.notes().unmatched(), 0, "{format:?}, blocks of {block}");
        }
    }
}
