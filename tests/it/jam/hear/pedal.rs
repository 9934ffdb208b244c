//! The sustain pedal, and what ends everything.

use super::{STEP, mask, playing, request, silence};
use crate::jam::host::Host;
use anacrusis::jam::controls::Controls;
use anacrusis::jam::input::InputEvent;

fn control(host: &mut Host, offset: u32, controller: u8, value: u8) {
    host.input.push(InputEvent::control(offset, 0, controller, value).expect("about notes"));
}

fn forced(host: &Host, index: i64) -> u128 {
    request(host, index).rules.forced
}

#[test]
fn what_the_pedal_holds_is_held() {
    for by_parameter in [false, true] {
        let mut host = playing(silence);
        let pedal = |host: &mut Host, down: bool| match by_parameter {
            true => host.controls = Controls { sustain: down, ..host.controls },
            false => control(host, 0, 64, if down { 127 } else { 0 }),
        };
        host.run_served(4, STEP);
        host.strike(0, 70);
        host.run_served(1, STEP);
        pedal(&mut host, true);
        host.run_served(1, STEP);
        host.let_go(0, 70);
        host.strike(0, 72);
        host.run_served(4, STEP);
        host.let_go(0, 72);
        host.run_served(4, STEP);
        assert_eq!(host.status().held, mask(&[70, 72]));
        assert_eq!(forced(&host, 14), mask(&[70, 72]));
        pedal(&mut host, false);
        host.run_served(2, STEP);
        assert_eq!(host.status().held, 0);
        assert_eq!(forced(&host, 16), 0);
    }
}

#[test]
fn all_notes_off_ends_what_fingers_hold_and_all_sound_off_what_the_pedal_holds_too() {
    let mut host = playing(silence);
    (60..65).for_each(|key| host.strike(0, key));
    host.run_served(4, STEP);
    assert_eq!(host.status().held.count_ones(), 5);
    control(&mut host, 0, 123, 0);
    host.run_served(2, STEP);
    assert_eq!((host.status().held, forced(&host, 6)), (0, 0));
    control(&mut host, 0, 64, 64);
    host.strike(0, 60);
    host.run_served(1, STEP);
    control(&mut host, 0, 123, 0);
    host.run_served(1, STEP);
    assert_eq!(host.status().held, mask(&[60]), "the pedal has it");
    control(&mut host, 0, 120, 0);
    host.run_served(1, STEP);
    assert_eq!(host.status().held, 0);
}

#[test]
fn a_pedal_that_is_never_lifted_does_not_hold_for_ever() {
    let mut host = playing(silence);
    control(&mut host, 0, 64, 127);
    host.strike(0, 60);
    host.run_served(1, STEP);
    host.let_go(0, 60);
    host.run_served(30, STEP);
    assert_eq!(host.status().held, mask(&[60]));
    host.run_served(6, STEP);
    assert_eq!((host.status().held, forced(&host, 37)), (0, 0), "two bars later");
}

#[test]
fn a_flood_of_controllers_leaves_the_pedal_as_it_was_left() {
    let mut host = playing(silence);
    host.strike(0, 60);
    host.run_served(2, STEP);
    for n in 0..5_200_u32 {
        control(&mut host, n, 64, (n % 128) as u8);
    }
    host.let_go(5_300, 60);
    host.run_served(2, STEP);
    // 5,199 modulo 128 is 79: down.
    assert_eq!(host.status().held, mask(&[60]));
    assert!(host.status().lost_input > 0, "and it is told");
    control(&mut host, 0, 64, 0);
    host.run_served(1, STEP);
    assert_eq!(host.status().held, 0);
}
