//! What came of the rounds: medians, ratios, and whether both sides computed the same.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Serialize;

use super::{Beginning, Iteration};
use crate::report::median;

/// By how much, relative to ours, the other side's loss may differ.
pub const LOSS_TOLERANCE: f64 = 1e-4;
/// The same for the norm of the gradient.
pub const NORM_TOLERANCE: f64 = 1e-3;

/// What one side told.
#[derive(Clone, Debug)]
pub struct Run {
    /// Of the software.
    pub version: String,
    /// Before the rounds.
    pub beginning: Beginning,
    /// One for each round that counts.
    pub iterations: Vec<Iteration>,
}

/// All that is told, as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// By number of threads.
    pub threads: BTreeMap<u16, Figures>,
    /// Segments of the batch.
    pub batch: u32,
    /// Steps of a segment.
    pub steps: u32,
    /// Keys of the network.
    pub keys: usize,
    /// Units of the layers, over time and over keys.
    pub network: [Vec<usize>; 2],
    /// Rounds that counted.
    pub rounds: u32,
    /// Instructions of our side.
    pub instruction_set: &'static str,
}

/// The figures with one number of threads. Seconds are medians over the rounds of the time
/// that went by, if the name says nothing else; ratios are ours / theirs. What is not known is
/// null.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// An iteration of ours.
    pub ours_s: f64,
    /// An iteration of PyTorch's.
    pub pytorch_s: Option<f64>,
    /// Of the medians.
    pub ratio: Option<f64>,
    /// Of the most memory the processes took.
    pub memory_ratio: Option<f64>,
    /// Of what that is above their memory before they read anything: without interpreter and
    /// libraries, of which PyTorch has many.
    pub memory_growth_ratio: Option<f64>,
    /// Our fastest iteration.
    pub ours_least_s: f64,
    /// PyTorch's fastest iteration.
    pub pytorch_least_s: Option<f64>,
    /// Of the fastest iterations.
    pub least_ratio: Option<f64>,
    /// Processor time of all threads, median.
    pub ours_cpu_s: f64,
    /// Processor time of all threads, median.
    pub pytorch_cpu_s: Option<f64>,
    /// Of the processor times.
    pub cpu_ratio: Option<f64>,
    /// The most memory that our process took, in bytes.
    pub ours_peak_bytes: Option<u64>,
    /// The most memory that PyTorch's process took, in bytes.
    pub pytorch_peak_bytes: Option<u64>,
    /// Of ours, before it read anything.
    pub ours_idle_bytes: Option<u64>,
    /// Of PyTorch's, before it read anything: interpreter and libraries.
    pub pytorch_idle_bytes: Option<u64>,
    /// Our loss before the rounds, without dropout.
    pub ours_loss: f64,
    /// PyTorch's.
    pub pytorch_loss: Option<f64>,
    /// Their difference, relative to ours.
    pub loss_difference: Option<f64>,
    /// Difference of the norms of both gradients, relative to ours.
    pub gradient_norm_difference: Option<f64>,
    /// Of PyTorch.
    pub pytorch_version: Option<String>,
    /// Why PyTorch did not take part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

impl Figures {
    /// The figures of both sides, or of ours and why there is no other.
    pub fn of(ours: &Run, theirs: Result<&Run, &str>) -> Figures {
        let other = theirs.ok();
        let by = |run: &Run, of: fn(&Iteration) -> f64| median(run.iterations.iter().map(of));
        let wall = |run: &Run| by(run, |i| i.seconds);
        let cpu = |run: &Run| by(run, |i| i.cpu_seconds);
        let least =
            |run: &Run| run.iterations.iter().map(|i| i.seconds).fold(f64::INFINITY, f64::min);
        let peak = |run: &Run| run.iterations.iter().filter_map(|i| i.peak_bytes).max();
        let ratio = |of: &dyn Fn(&Run) -> f64| other.map(|theirs| of(ours) / of(theirs));
        let beginning = |of: fn(&Beginning) -> f64| {
            let ours = of(&ours.beginning);
            other.map(|theirs| ((of(&theirs.beginning) - ours) / ours).abs())
        };
        let grown = |run: &Run| Some(peak(run)?.saturating_sub(run.beginning.idle_bytes?));
        let (ours_peak_bytes, pytorch_peak_bytes) = (peak(ours), other.and_then(peak));
        let memory = ours_peak_bytes.zip(pytorch_peak_bytes);
        Figures {
            ours_s: wall(ours),
            pytorch_s: other.map(wall),
            ratio: ratio(&wall),
            memory_ratio: memory.map(|(ours, theirs)| ours as f64 / theirs as f64),
            memory_growth_ratio: grown(ours)
                .zip(other.and_then(grown))
                .map(|(ours, theirs)| ours as f64 / theirs as f64),
            ours_least_s: least(ours),
            pytorch_least_s: other.map(least),
            least_ratio: ratio(&least),
            ours_cpu_s: cpu(ours),
            pytorch_cpu_s: other.map(cpu),
            cpu_ratio: ratio(&cpu),
            ours_peak_bytes,
            pytorch_peak_bytes,
            ours_idle_bytes: ours.beginning.idle_bytes,
            pytorch_idle_bytes: other.and_then(|run| run.beginning.idle_bytes),
            ours_loss: ours.beginning.loss,
            pytorch_loss: other.map(|run| run.beginning.loss),
            loss_difference: beginning(|b| b.loss),
            gradient_norm_difference: beginning(|b| b.norm),
            pytorch_version: other.map(|run| run.version.clone()),
            skipped: theirs.err().map(str::to_owned),
        }
    }

    /// Whether both sides computed the same.
    fn same(&self) -> bool {
        self.loss_difference.is_none_or(|d| d <= LOSS_TOLERANCE)
            && self.gradient_norm_difference.is_none_or(|d| d <= NORM_TOLERANCE)
    }
}

impl Report {
    /// Whether both sides computed the same.
    ///
    /// # Errors
    /// If they did not.
    pub fn check(&self) -> Result<()> {
        for (threads, figures) in &self.threads {
            let percent = |d: Option<f64>| 100.0 * d.unwrap_or_default();
            ensure!(
                figures.same(),
                "with --threads {threads} PyTorch did not compute the same: without dropout its \
                 loss differs by {:.4} % and the norm of its gradient by {:.4} %",
                percent(figures.loss_difference),
                percent(figures.gradient_norm_difference)
            );
        }
        Ok(())
    }

    /// For people, in columns.
    pub fn table(&self) -> String {
        let mut lines = vec![format!(
            "{:<7} {:<9} {:>9} {:>9} {:>9} {:>9}",
            "threads", "", "median s", "least s", "cpu s", "peak MB"
        )];
        let row = |head: &str, name: &str, s: [Option<f64>; 4], digits: usize| {
            let cell = |value: Option<f64>| match value {
                Some(value) => format!("{value:>9.digits$}"),
                None => format!("{:>9}", "-"),
            };
            format!("{head:<7} {name:<9} {}", s.map(cell).join(" "))
        };
        let memory = |bytes: Option<u64>| bytes.map(|bytes| bytes as f64 * 1e-6);
        for (threads, f) in &self.threads {
            let ours = [Some(f.ours_s), Some(f.ours_least_s), Some(f.ours_cpu_s)];
            let [median, least, cpu] = ours;
            let head = threads.to_string();
            lines.push(row(&head, "ours", [median, least, cpu, memory(f.ours_peak_bytes)], 3));
            if let Some(reason) = &f.skipped {
                lines.push(format!("{:<7} PyTorch   skipped: {reason}", ""));
                continue;
            }
            let peak = memory(f.pytorch_peak_bytes);
            let theirs = [f.pytorch_s, f.pytorch_least_s, f.pytorch_cpu_s, peak];
            lines.push(row("", "PyTorch", theirs, 3));
            lines.push(row("", "ratio", [f.ratio, f.least_ratio, f.cpu_ratio, f.memory_ratio], 3));
            if let (Some(ours), Some(theirs), Some(ratio)) =
                (f.ours_idle_bytes, f.pytorch_idle_bytes, f.memory_growth_ratio)
            {
                lines.push(format!(
                    "{:<7} of the memory {:.0} and {:.0} MB before anything was read; ratio of \
                     the rest {ratio:.3}",
                    "",
                    ours as f64 * 1e-6,
                    theirs as f64 * 1e-6
                ));
            }
            if let (Some(loss), Some(norm), Some(version)) =
                (f.loss_difference, f.gradient_norm_difference, &f.pytorch_version)
            {
                lines.push(format!(
                    "{:<7} loss differs by {loss:.1e}, gradient's norm by {norm:.1e}; torch \
                     {version}",
                    ""
                ));
            }
        }
        let sizes = self
            .network
            .each_ref()
            .map(|sizes| sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(","));
        lines.push(format!(
            "batch {} x {} steps x {} keys, network {}, {}; {} rounds, interleaved; ratios are \
             ours / theirs",
            self.batch,
            self.steps,
            self.keys,
            sizes.join("/"),
            self.instruction_set,
            self.rounds
        ));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seconds: &[f64], loss: f64, peak_bytes: Option<u64>) -> Run {
        let iteration =
            |&seconds: &f64| Iteration { seconds, cpu_seconds: 2.0 * seconds, loss, peak_bytes };
        Run {
            version: "1".into(),
            beginning: Beginning { loss, norm: 0.5, idle_bytes: Some(100) },
            iterations: seconds.iter().map(iteration).collect(),
        }
    }

    fn report(figures: Figures) -> Report {
        Report {
            threads: BTreeMap::from([(2, figures)]),
            batch: 1,
            steps: 2,
            keys: 78,
            network: [vec![3, 4], vec![5]],
            rounds: 3,
            instruction_set: "portable",
        }
    }

    #[test]
    fn ratios_are_of_medians_and_peaks() {
        let ours = run(&[1.0, 9.0, 2.0], 0.7, Some(300));
        let figures = Figures::of(&ours, Ok(&run(&[4.0, 3.0, 50.0], 0.70001, Some(600))));
        assert_eq!((figures.ours_s, figures.pytorch_s, figures.ratio), (2.0, Some(4.0), Some(0.5)));
        assert_eq!((figures.least_ratio, figures.cpu_ratio), (Some(1.0 / 3.0), Some(0.5)));
        assert_eq!((figures.memory_ratio, figures.memory_growth_ratio), (Some(0.5), Some(0.4)));
        let told = report(figures);
        assert!(told.check().is_ok() && told.table().contains("network 3,4/5"));

        let unknown = Figures::of(&ours, Ok(&run(&[1.0], 0.7, None)));
        assert_eq!(unknown.memory_ratio, None);
        let other = report(Figures::of(&ours, Ok(&run(&[1.0], 0.71, None))));
        let error = other.check().expect_err("another loss").to_string();
        assert!(error.contains("--threads 2") && error.contains("1.4286 %"), "{error}");
    }

    #[test]
    fn without_the_other_side_ours_is_told_alone() {
        let told = report(Figures::of(&run(&[1.0], 0.7, Some(1)), Err("no network")));
        assert!(told.check().is_ok() && told.table().contains("skipped: no network"));
        let json = serde_json::to_value(&told).expect("json");
        let figures = &json["threads"]["2"];
        assert_eq!((&figures["ours_s"], &figures["skipped"]), (&1.0.into(), &"no network".into()));
        assert!(figures["ratio"].is_null() && figures["memory_ratio"].is_null());
    }
}
