//! What a model is and how it was made.

use std::path::Path;

use anacrusis::model::network::{parameters, tensors};
use anyhow::Result;
use serde_json::json;

use crate::model_file;

pub(super) fn run(path: &Path, json: bool) -> Result<()> {
    let checkpoint = model_file::read(path)?;
    let config = checkpoint.config();
    let bytes = std::fs::metadata(path)?.len();
    if json {
        let table = tensors(config).into_iter();
        let shapes: serde_json::Map<_, _> =
            table.map(|spec| (spec.name, json!(spec.shape))).collect();
        let told = json!({
            "digest": checkpoint.digest(),
            "bytes": bytes,
            "parameters": parameters(config),
            "config": config,
            "tensors": shapes,
            "prompts": checkpoint.meta.prompts.len(),
            "made": checkpoint.meta.made,
        });
        println!("{}", serde_json::to_string_pretty(&told)?);
        return Ok(());
    }
    println!("sha256      {}", checkpoint.digest());
    println!("size        {bytes} bytes, {} parameters", parameters(config));
    println!("time stack  {:?}", config.time);
    println!("note stack  {:?}, scan {:?}", config.note, config.scan);
    println!("keys        {} from MIDI {}", config.notes, config.low);
    println!(
        "variants    position {:?}, edge {:?}, start {:?}, features {}",
        config.position, config.edge, config.start, config.features
    );
    println!("prompts     {}", checkpoint.meta.prompts.len());
    let Some(made) = &checkpoint.meta.made else {
        println!("made        (not told, or damaged)");
        return Ok(());
    };
    println!("made by     {} (version {})", made.command, made.version);
    println!("corpus      {}", made.corpus);
    println!("licence     {}", made.licence);
    println!("corpus sha  {}", made.corpus_digest);
    println!(
        "seed        {}, {} iterations, training loss {:.5}",
        made.seed, made.iterations, made.train_loss
    );
    if let Some(held) = &made.heldout {
        println!(
            "held out    {:.4} nats/step (play {:.4}, articulate {:.4}), {} pieces, {} steps",
            held.nats_step, held.play_nats_step, held.art_nats_step, held.pieces, held.steps
        );
    }
    for (held, how) in
        [(&made.heldout_known, "for a musician"), (&made.heldout_late, "a step late   ")]
    {
        if let Some(held) = held {
            println!("{how} {:.4} nats/step of the accompaniment", held.nats_step);
        }
    }
    let names: Vec<&str> = made.baselines.keys().map(String::as_str).collect();
    println!("baselines   {}", names.join(", "));
    Ok(())
}
