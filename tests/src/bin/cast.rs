//! The parts that run as processes of their own: `cast coordinator`, `cast worker`.

fn main() {
    persevere_tests::process::end_with_parent();
}
