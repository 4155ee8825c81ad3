//! Where time comes from.

/// Time for a coordinator: the machine's, or a virtual one for tests. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock {}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn real() -> Self {
        Clock {}
    }
}
