//! Transformation matrices (ISO 32000-1, 8.3.3).
//!
//! Promises: plain arithmetic; what overflows becomes infinite and is dropped where glyphs are placed.
//! Rejected: a geometry crate for three operations.

use super::page::Rotation;

/// `a b c d e f`, applied to row vectors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Matrix {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    e: f64,
    f: f64,
}

impl Matrix {
    pub(crate) const UNIT: Matrix = Matrix { a: 1.0, b: 0.0, c: 0.0, d: 1.0, e: 0.0, f: 0.0 };

    pub(crate) fn from_numbers(numbers: &[f64]) -> Option<Self> {
        let [a, b, c, d, e, f] = *numbers else { return None };
        Some(Matrix { a, b, c, d, e, f })
    }

    /// The page turned clockwise for display (ISO 32000-1, table 30).
    pub(crate) fn turned(rotation: Rotation) -> Self {
        match rotation {
            Rotation::Upright => Matrix::UNIT,
            Rotation::Quarter => Matrix { a: 0.0, b: -1.0, c: 1.0, d: 0.0, ..Matrix::UNIT },
            Rotation::Half => Matrix { a: -1.0, d: -1.0, ..Matrix::UNIT },
            Rotation::ThreeQuarters => Matrix { a: 0.0, b: 1.0, c: -1.0, d: 0.0, ..Matrix::UNIT },
        }
    }

    /// This one first, then the other.
    pub(crate) fn then(&self, other: &Matrix) -> Matrix {
        let (e, f) = other.apply(self.e, self.f);
        Matrix {
            a: self.a * other.a + self.b * other.c,
            b: self.a * other.b + self.b * other.d,
            c: self.c * other.a + self.d * other.c,
            d: self.c * other.b + self.d * other.d,
            e,
            f,
        }
    }

    pub(crate) fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        (x * self.a + y * self.c + self.e, x * self.b + y * self.d + self.f)
    }

    /// With the origin moved inside its own space.
    pub(crate) fn moved(&self, x: f64, y: f64) -> Matrix {
        let (e, f) = self.apply(x, y);
        Matrix { e, f, ..*self }
    }

    /// What a height of one becomes.
    pub(crate) fn height(&self) -> f64 {
        self.c.hypot(self.d)
    }
}
