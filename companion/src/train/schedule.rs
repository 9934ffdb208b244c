//! How far a run is, and the step size that goes with it.

use std::time::Instant;

use super::team::Team;
use crate::settings::Settings;

/// What the step size falls to at the end of a cooldown, as a share of the full one.
const LOWEST: f64 = 0.05;

/// When a run ends, and by what steps it gets there.
///
/// It goes by a clock that stands still until it is looked at, so that all processes of a run go
/// by that of the first.
pub struct Schedule<'a> {
    settings: &'a Settings,
    begun: Instant,
    seconds: f64,
}

impl<'a> Schedule<'a> {
    /// A schedule that begins now.
    pub fn begin(settings: &'a Settings) -> Schedule<'a> {
        Schedule { settings, begun: Instant::now(), seconds: 0.0 }
    }

    /// Looks at the clock, that of the first of `team`, and tells whether the run is to stop:
    /// if that one was told to `stop`.
    pub fn look(&mut self, team: &Team, stop: bool) -> bool {
        let mut told = [self.begun.elapsed().as_secs_f64(), f64::from(u8::from(stop))];
        team.tell(&mut told);
        self.seconds = told[0];
        told[1] != 0.0
    }

    /// Seconds from its beginning to the last look at the clock.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// How much of the run is over after so many iterations, 0 to 1, by iterations or minutes,
    /// whichever is nearer to the end.
    pub fn share(&self, iterations: u64) -> f64 {
        let by_count = iterations as f64 / self.settings.iterations as f64;
        let minutes = self.seconds() / 60.0;
        self.settings.minutes.map_or(by_count, |limit| by_count.max(minutes / limit)).min(1.0)
    }

    /// The same at the beginning, which is told of only by iterations.
    pub fn first_share(&self, iterations: u64) -> f64 {
        if self.settings.minutes.is_some() { 0.0 } else { self.share(iterations) }
    }

    /// Step size for the update that follows so many iterations.
    pub fn learning_rate(&self, iterations: u64) -> f64 {
        learning_rate(self.settings, iterations, self.share(iterations))
    }
}

/// Step size for the update that follows `iterations`, at `share` of the run: rising in a line
/// over the warm-up, constant, then falling in a line over the cooldown.
fn learning_rate(settings: &Settings, iterations: u64, share: f64) -> f64 {
    let Settings { learning_rate, warmup, cooldown, .. } = *settings;
    let risen = (iterations as f64 + 1.0) / warmup.max(1) as f64;
    let into = (share - (1.0 - cooldown)).max(0.0);
    let fallen = if cooldown > 0.0 { (into / cooldown).min(1.0) } else { 0.0 };
    learning_rate * risen.min(1.0) * (1.0 - (1.0 - LOWEST) * fallen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_size_rises_stays_and_falls() {
        let settings =
            Settings { learning_rate: 0.4, warmup: 4, cooldown: 0.5, ..Settings::default() };
        let rates = |settings: &Settings| -> Vec<f64> {
            let rate = |n: u64| learning_rate(settings, n, n as f64 / 20.0);
            [0, 1, 2, 3, 4, 10, 15, 20].map(rate).to_vec()
        };
        let close = |found: Vec<f64>, wanted: [f64; 8]| {
            let far = found.iter().zip(wanted).find(|(a, b)| (*a - b).abs() > 1e-12);
            assert!(far.is_none(), "{found:?}");
        };
        close(rates(&settings), [0.1, 0.2, 0.3, 0.4, 0.4, 0.4, 0.21, 0.02]);
        let flat = Settings { warmup: 0, cooldown: 0.0, ..settings.clone() };
        close(rates(&flat), [0.4; 8]);
        let one = Settings { warmup: 1, cooldown: 0.0, ..settings };
        close(rates(&one), [0.4; 8]);
    }

    #[test]
    fn a_run_is_as_far_as_the_nearer_of_its_ends() {
        let settings = Settings { iterations: 200, ..Settings::default() };
        let by_count = Schedule::begin(&settings);
        assert_eq!([0, 50, 200, 300].map(|n| by_count.share(n)), [0.0, 0.25, 1.0, 1.0]);
        assert_eq!(by_count.first_share(50), 0.25);
        let settings = Settings { minutes: Some(1e6), ..settings };
        let by_time = Schedule::begin(&settings);
        assert_eq!(by_time.share(50), 0.25);
        assert_eq!(by_time.first_share(50), 0.0);
    }
}
