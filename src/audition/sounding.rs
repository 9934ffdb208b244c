//! A queue of notes that sounds what it passes on.

use super::Audition;
use crate::jam::player::{NoteEvent, NoteSink};

/// Passes note events on to `S`, and sounds each that was taken at its sample.
pub struct Sounding<'a, S> {
    voice: &'a mut Audition,
    onward: S,
    left: &'a mut [f32],
    right: &'a mut [f32],
    /// How many samples of the block are rendered.
    rendered: usize,
}

impl<'a, S: NoteSink> Sounding<'a, S> {
    /// For one block, whose sound goes to `left` and `right`, equally long. If `voice` is off
    /// they are not touched.
    pub fn new(
        voice: &'a mut Audition,
        onward: S,
        left: &'a mut [f32],
        right: &'a mut [f32],
    ) -> Self {
        Sounding { voice, onward, left, right, rendered: 0 }
    }

    /// Renders what remains of the block.
    ///
    /// # Realtime
    /// As [`Audition::render`].
    pub fn finish(mut self) {
        self.render_to(self.left.len());
    }

    fn render_to(&mut self, end: usize) {
        if self.voice.is_off() {
            return;
        }
        let span = self.rendered..end.min(self.left.len()).max(self.rendered);
        self.rendered = span.end;
        if let (Some(left), Some(right)) =
            (self.left.get_mut(span.clone()), self.right.get_mut(span))
        {
            self.voice.render(left, right);
        }
    }
}

impl<S: NoteSink> NoteSink for Sounding<'_, S> {
    fn heard(&mut self, number: usize) {
        self.onward.heard(number);
    }

    fn try_send(&mut self, event: NoteEvent) -> bool {
        let taken = self.onward.try_send(event);
        if taken && !self.voice.is_off() {
            self.render_to(event.offset_samples as usize);
            self.voice.play(event);
        }
        taken
    }
}
