//! Whatever happens, in whatever order: the table agrees with lists that are kept without any
//! cleverness, and a planner that knows only what it is told knows what was heard.

use std::collections::{BTreeMap, VecDeque};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Act {
    /// The next step is committed; whether it is decided twice, and the key held then.
    Commit(bool, u8),
    /// The newest is listened to in this block, if it is decided twice.
    AskSecond(u64),
    /// The ring takes so many requests.
    Send(usize),
    /// The planner does what is asked next; the answer gets lost in a new epoch, or does not.
    Serve(bool),
    Begin,
    Finish,
    /// What lies so many steps after the next is void.
    Void(i64),
    Rewind,
    Mute,
    /// A key is struck so many frames before the newest that is open.
    Hear(usize, u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        24 => (any::<bool>(), 60..64_u8).prop_map(|(twice, key)| Act::Commit(twice, key)),
        6 => any::<u64>().prop_map(Act::AskSecond),
        12 => (0..16_usize).prop_map(Act::Send),
        20 => Just(Act::Serve(false)),
        2 => Just(Act::Serve(true)),
        12 => Just(Act::Begin),
        8 => Just(Act::Finish),
        3 => (-2..9_i64).prop_map(Act::Void),
        1 => Just(Act::Rewind),
        1 => Just(Act::Mute),
        12 => (0..9_usize, 60..64_u8).prop_map(|(back, key)| Act::Hear(back, key)),
    ]
}

/// A request in the list: whether it was sent, and its answer.
#[derive(Clone, Copy, Debug, Default)]
struct Sent(bool, Option<Chord>);

/// A step in the list.
#[derive(Clone, Debug)]
struct Listed {
    /// Tells it from what was committed to the same index before.
    version: u32,
    twice: bool,
    muted: bool,
    first: Sent,
    second: Option<(u64, Sent)>,
}

/// Frames by index: (version of the step, what was heard, whether that is all there is).
type Frames = BTreeMap<i64, (u32, Chord, bool)>;

#[derive(Default)]
struct World {
    table: Commitments,
    /// All that was committed and is not void; those from `next` on have not begun.
    list: Vec<Listed>,
    next: usize,
    unsounded: bool,
    versions: u32,
    heard: Vec<Chord>,
    /// What was heard when a request was made, by its version and whether it is the second.
    known: BTreeMap<(u32, bool), Frames>,
    /// The ring, and the version of what each is about.
    ring: VecDeque<(u32, Request)>,
    /// What the planner takes for heard.
    planner: Frames,
}

impl World {
    fn first_to_sound(&self) -> usize {
        self.next - usize::from(self.unsounded)
    }

    fn waiting(&mut self) -> &mut [Listed] {
        let first = self.first_to_sound();
        &mut self.list[first..]
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Commit(twice, held) => {
                assert_eq!(self.table.has_room(), self.list.len() - self.next < AHEAD);
                if self.table.has_room() {
                    self.commit(twice, held);
                }
            }
            Act::AskSecond(block) => self.ask_second(block),
            Act::Send(room) => self.send(room),
            Act::Serve(lost) => self.serve(lost),
            Act::Begin => {
                self.table.begin();
                self.unsounded = self.next < self.list.len();
                self.next += usize::from(self.unsounded);
            }
            Act::Finish => {
                assert_eq!(self.table.finish(), self.unsounded);
                self.unsounded = false;
            }
            Act::Void(after) => {
                let from = self.next + after.max(0) as usize;
                assert_eq!(self.table.void_from(self.next as i64 + after), from < self.list.len());
                self.list.truncate(from);
                self.new_epoch();
            }
            Act::Rewind => {
                let kept = usize::from(self.next == 0);
                assert_eq!(self.table.rewind(), self.list.len() > self.next.max(kept));
                self.list.truncate(kept);
                (self.next, self.unsounded) = (0, false);
                self.heard.clear();
                self.new_epoch();
            }
            Act::Mute => {
                self.table.mute();
                self.waiting().iter_mut().for_each(|step| step.muted = true);
            }
            Act::Hear(back, key) => {
                // The play head is nearest to the step that has begun, or to the next.
                self.heard.resize(self.heard.len().max(self.next + 1), Chord::SILENT);
                if let Some(frame) = self.next.checked_sub(back) {
                    self.heard[frame].strike(key);
                }
            }
        }
    }

    /// What a request about step `index` has to tell.
    fn tell(&mut self, index: usize, second: bool) -> Heard {
        let request = RequestId { index: index as i64, second };
        let heard = |index| self.heard.get(usize::try_from(index).ok()?).copied();
        self.table.tell(request, heard)
    }

    /// What the planner is to know when it has been told that.
    fn frames(&self, index: usize) -> Frames {
        let frames = self.list.iter().zip(&self.heard).enumerate().take(index);
        let frames = frames.skip(index.saturating_sub(MAX_CORRECTIONS));
        frames.map(|(at, (step, heard))| (at as i64, (step.version, *heard, step.muted))).collect()
    }

    fn commit(&mut self, twice: bool, held: u8) {
        let index = self.list.len();
        let decision = if twice { Decision::Ahead } else { Decision::Only };
        let rules = Rules { forced: 1 << held, ..Rules::default() };
        let heard = self.tell(index, false);
        self.table.commit(Request { rules, heard, ..request(index as i64, decision) });
        self.versions += 1;
        let version = self.versions;
        self.known.insert((version, false), self.frames(index));
        let first = Sent::default();
        self.list.push(Listed { version, twice, muted: false, first, second: None });
    }

    fn ask_second(&mut self, block: u64) {
        let Some(index) = self.list.len().checked_sub(1) else { return };
        let place = request(index as i64, Decision::Ahead).place;
        let awaits = self.table.get(place).is_some_and(Commitment::awaits_second);
        let step = &self.list[index];
        let expected = step.twice && step.second.is_none() && index >= self.first_to_sound();
        assert_eq!(awaits, expected);
        if awaits {
            let heard = self.tell(index, true);
            let own = self.heard.get(index).copied().unwrap_or_default();
            let asked = request(index as i64, Decision::Second(own));
            self.table.ask_second(Request { heard, ..asked }, block);
            self.known.insert((self.list[index].version, true), self.frames(index));
            self.list[index].second = Some((block, Sent::default()));
        }
    }

    fn send(&mut self, room: usize) {
        let mut sent = Vec::new();
        let all = self.table.send(|request| {
            let free = sent.len() < room;
            if free {
                sent.push(request);
            }
            free
        });
        let mut expected = Vec::new();
        let mut left = room;
        for step in self.waiting() {
            let version = step.version;
            let second = step.second.as_mut().map(|(_, second)| (second, true));
            for (asked, second) in [(&mut step.first, false)].into_iter().chain(second) {
                if !asked.0 && left > 0 {
                    asked.0 = true;
                    left -= 1;
                    expected.push((version, second));
                }
            }
        }
        let is_sent =
            |step: &Listed| step.first.0 && step.second.is_none_or(|(_, second)| second.0);
        assert_eq!(all, self.waiting().iter().all(is_sent));
        let sent = sent.into_iter().map(|request| {
            let step = &self.list[request.place.index as usize];
            (step.version, request)
        });
        let sent: Vec<_> = sent.collect();
        let about = |(version, request): &(u32, Request)| (*version, request.listened().is_some());
        assert_eq!(sent.iter().map(about).collect::<Vec<_>>(), expected);
        self.ring.extend(sent);
    }

    /// The planner does what a request asks. Then it knows what was heard when that was made.
    fn serve(&mut self, lost: bool) {
        let Some((version, request)) = self.ring.pop_front() else { return };
        for told in request.heard.frames() {
            if let Some((_, notes, alone)) = self.planner.get_mut(&told.index) {
                (*notes, *alone) = (told.notes, told.alone);
            }
        }
        let second = request.listened().is_some();
        for (frame, heard) in &self.known[&(version, second)] {
            // Of what was given up before it was sent the planner knows nothing.
            let taken = self.planner.get(frame).filter(|taken| taken.0 == heard.0);
            assert!(taken.is_none_or(|taken| taken == heard), "{frame}: {heard:?}, not {taken:?}");
        }
        let index = request.place.index;
        let assumed = Chord::from_masks(request.rules.forced, 0);
        let own = request.listened().unwrap_or(assumed);
        self.planner.insert(index, (version, own, false));
        if lost {
            self.new_epoch();
            return;
        }
        let chord = chord(40 + (version % 20) as u8 + 20 * u8::from(second));
        self.table.answer(&request.answered(chord));
        let step = self.waiting().iter_mut().find(|step| step.version == version);
        match step {
            Some(Listed { second: Some((_, asked)), .. }) if second => asked.1 = Some(chord),
            Some(step) => step.first.1 = Some(chord),
            None => {}
        }
    }

    /// As the performer does it: what is under way is void, and asked for again.
    fn new_epoch(&mut self) {
        self.ring.clear();
        self.table.ask_again();
        for step in self.waiting() {
            let second = step.second.as_mut().map(|(_, second)| second);
            [&mut step.first]
                .into_iter()
                .chain(second)
                .for_each(|asked| asked.0 = asked.1.is_some());
        }
    }

    fn check(&mut self) {
        let (next, end) = (self.next as i64, self.list.len() as i64);
        assert_eq!(coming(&self.table), (next..end).collect::<Vec<_>>());
        let unsounded = self.table.unsounded().map(|known| known.place().index);
        assert_eq!(unsounded, self.unsounded.then_some(next - 1));
        for (known, step) in self.table.to_sound().zip(&self.list[self.first_to_sound()..]) {
            let first = step.first.1;
            let second = step.second.and_then(|(_, second)| second.1);
            let open = step.second.is_some() && second.is_none();
            let sounds =
                second.or(first).map(|chord| if step.muted { Chord::SILENT } else { chord });
            assert_eq!(known.sounding_chord(), sounds);
            assert_eq!(known.is_muted(), step.muted);
            assert_eq!(known.is_answered(), first.is_some() && !open);
            assert_eq!(known.lacks_second(), open);
            assert_eq!(known.second_asked_in(), step.second.map(|(block, _)| block));
            assert_eq!(known.is_tentative(), open || step.twice && step.second.is_none());
            assert_eq!(self.table.get(known.place()).map(Commitment::place), Some(known.place()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_the_table_agrees_with_a_list(acts in vec(act(), 1..300)) {
        let mut world = World::default();
        for act in acts {
            world.act(act);
            world.check();
        }
    }
}
