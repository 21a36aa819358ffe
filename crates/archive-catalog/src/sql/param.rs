//! What is bound to a statement.

use std::borrow::Cow;
use std::error::Error;

use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use rusqlite::types::{ToSqlOutput, ValueRef};

/// One value of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Param<'a> {
    Null,
    Integer(i64),
    Unsigned(u64),
    Text(Cow<'a, str>),
    Blob(Cow<'a, [u8]>),
}

impl Param<'_> {
    /// Returns how many bytes it has, about.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Null | Self::Integer(_) | Self::Unsigned(_) => 8,
            Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
        }
    }
}

/// Makes the list of parameters of a statement out of values of different types.
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::sql::ToParam::to_param(&$value)),*] };
}
pub(crate) use params;

/// What can be bound to a statement.
pub(crate) trait ToParam {
    /// Returns it as a parameter.
    fn to_param(&self) -> Param<'_>;
}

macro_rules! to_param {
    ($($type:ty: $value:ident => $param:expr;)*) => {
        $(impl ToParam for $type {
            fn to_param(&self) -> Param<'_> {
                let $value = self;
                $param
            }
        })*
    };
}

to_param! {
    i64: value => Param::Integer(*value);
    u32: value => Param::Integer((*value).into());
    u64: value => Param::Unsigned(*value);
    usize: value => Param::Unsigned(*value as u64);
    // Flags are integers in both databases.
    bool: value => Param::Integer((*value).into());
    str: value => Param::Text(value.into());
    String: value => Param::Text(value.as_str().into());
    [u8]: value => Param::Blob(value.into());
    [u8; 32]: value => Param::Blob(value.as_slice().into());
    Vec<u8>: value => Param::Blob(value.as_slice().into());
}

impl<T: ToParam + ?Sized> ToParam for &T {
    fn to_param(&self) -> Param<'_> {
        (*self).to_param()
    }
}

impl<T: ToParam> ToParam for Option<T> {
    fn to_param(&self) -> Param<'_> {
        self.as_ref().map_or(Param::Null, ToParam::to_param)
    }
}

/// Makes a row of [`super::Given`] out of values of different types.
macro_rules! given_row {
    ($($value:expr),* $(,)?) => { vec![$($crate::sql::Param::from($value)),*] };
}
pub(crate) use given_row;

impl<'a> From<&'a str> for Param<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Blob(bytes.into())
    }
}

impl<'a> From<&'a [u8; 32]> for Param<'a> {
    fn from(bytes: &'a [u8; 32]) -> Self {
        Self::Blob(bytes.as_slice().into())
    }
}

impl From<u64> for Param<'_> {
    fn from(value: u64) -> Self {
        Self::Unsigned(value)
    }
}

impl<'a, T: Into<Self>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<String> for Param<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Vec<u8>> for Param<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes.into())
    }
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl rusqlite::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Unsigned(value) => ValueRef::Integer(
                i64::try_from(*value)
                    .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?,
            ),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Columns are `bigint`, but what a function answers may be an `integer`, and so is what it is compared with.
fn integer(value: i64, as_type: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
    match *as_type {
        Type::INT4 => i32::try_from(value)?.to_sql_checked(as_type, out),
        _ => value.to_sql_checked(as_type, out),
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, as_type: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(value) => integer(*value, as_type, out),
            Self::Unsigned(value) => integer(i64::try_from(*value)?, as_type, out),
            Self::Text(text) if text.contains('\0') => Err(Box::new(super::SqlError::Nul)),
            Self::Text(text) => text.as_ref().to_sql_checked(as_type, out),
            Self::Blob(bytes) => bytes.as_ref().to_sql_checked(as_type, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Each value checks the type that the server expects for itself.
        true
    }

    to_sql_checked!();
}
