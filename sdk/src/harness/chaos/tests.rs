use super::*;

fn calls() -> impl Iterator<Item = Place> {
    (0..60).map(|number| Place::ReportSent(format!("call {}", number % 3)))
}

fn faults(seed: u64) -> Vec<Fault> {
    let chaos = Chaos::new(seed);
    for place in calls() {
        chaos.strike(&place, &[Trouble::Death, Trouble::LostReply]);
    }
    chaos.faults()
}

#[test]
fn a_seed_does_the_same_each_time() {
    for seed in 0..200 {
        assert_eq!(faults(seed), faults(seed), "seed {seed}");
    }
}

#[test]
fn the_first_seed_does_nothing_and_the_next_do_little() {
    assert_eq!(faults(0), []);
    assert!((1..=20).all(|seed| faults(seed).len() <= 1));
    assert!((0..200).all(|seed| faults(seed).len() <= 4));
}

#[test]
fn most_seeds_do_something_and_they_differ() {
    let all: Vec<_> = (0..200).map(faults).collect();
    let idle = all.iter().filter(|faults| faults.is_empty()).count();
    assert!(idle < 40, "{idle} of 200 seeds do nothing");
    let mut texts: Vec<_> = all.iter().map(|faults| format!("{faults:?}")).collect();
    texts.sort_unstable();
    texts.dedup();
    assert!(texts.len() > 120, "only {} of 200 seeds differ", texts.len());
}
