//! How a plan is shaped: how many notes there are, and where they lie.

use super::*;

#[test]
fn density_is_held_by_the_notes_that_are_played() {
    let count = |density: f32| {
        let mut model = model(0);
        // Each key plays with even odds, which lean by 2 nats at most: 8 to 56 of 64.
        model.network.certainty = 0.0;
        let music = PianoRoll::from_iter([Chord::struck_keys(32..56)]);
        model.texture = Texture::of(&[music], KeyRange { low: 32, count: 64 });
        let mut planner = Planner::new(model);
        let shaping = Shaping { density, ..Shaping::default() };
        let requests = (0..250).map(|k| Request { shaping, ..ask(k, k) });
        let counts: Vec<u32> = requests.map(|r| plan(&mut planner, &r).len()).collect();
        f64::from(counts[50..].iter().sum::<u32>()) / 200.0
    };
    // By itself the network plays 32.
    let by_itself = 32.0_f64;
    let mut last = 0.0;
    for (density, asked) in [(0.7, 16.8), (1.0, 24.0), (1.5, 36.0_f64)] {
        let played = count(density);
        println!("{played} played for {asked} asked");
        assert!(
            (played - asked).abs() < (by_itself - asked).abs(),
            "{played} for {asked} is further off than at rest"
        );
        assert!(played > last + 2.0, "more than {last}");
        last = played;
    }
}

#[test]
fn a_register_moves_the_mean_of_what_is_played() {
    let [low, usual, high] = [-12.0, 0.0, 12.0].map(|register| {
        let mut model = model(0);
        model.network.certainty = 0.0;
        let mut planner = Planner::new(model);
        let shaping = Shaping { register, ..Shaping::default() };
        let chord = |k| plan(&mut planner, &Request { shaping, ..ask(k, k) });
        let keys: Vec<u8> = (0..100).map(chord).flat_map(|chord| chord.keys()).collect();
        keys.iter().copied().map(f64::from).sum::<f64>() / keys.len() as f64
    });
    assert!(low + 6.0 < usual && usual + 6.0 < high, "{low} {usual} {high}");
}

/// What the controller remembers is that of the state gone back to, or of the frames that led
/// to it.
#[test]
fn density_follows_history_through_replans() {
    for back_to in 8..10 {
        let at = |k: i64, seed| {
            let shaping = Shaping { density: 0.6 + 0.1 * k as f32, ..Shaping::default() };
            let lookahead = Lookahead::Eight;
            Request { shaping, seed, lookahead, ..ask(k, k) }
        };
        let planner = || {
            let mut model = model(0);
            model.network.certainty = 0.0;
            Planner::new(model)
        };
        let (mut straight, mut winding) = (planner(), planner());
        for k in 0..12 {
            plan(&mut straight, &at(k, if k < back_to { 1 } else { 2 }));
            plan(&mut winding, &at(k, 1));
        }
        for k in back_to..12 {
            plan(&mut winding, &at(k, 2));
        }
        for k in 12..30 {
            let (one, other) = (plan(&mut straight, &at(k, 3)), plan(&mut winding, &at(k, 3)));
            assert_eq!(one, other, "back to {back_to}, step {k}");
        }
    }
}
