//! Rows as a Parquet file, which `DuckDB`, Spark and the like read as it is.

use std::fmt::Write as _;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::row::{Row, TEXTS};

/// Under which a table names the files that it was made of.
const SOURCES: &str = "waymark.sources";
const GROUP_ROWS: usize = 100_000;

/// Rows, and the files that they came from.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    pub(super) sources: Vec<String>,
}

impl Table {
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let mut schema = String::from(
            "message event {
               required int64 timestamp (TIMESTAMP(MILLIS, true));
               required int64 received_at (TIMESTAMP(MILLIS, true));\n",
        );
        for (name, _) in &TEXTS {
            let _ = writeln!(schema, "optional binary {name} (STRING);");
        }
        schema.push('}');
        let schema = Arc::new(parse_message_type(&schema)?);
        let sources = KeyValue::new(SOURCES.to_owned(), self.sources.join("\n"));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_key_value_metadata(Some(vec![sources]));
        let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build()))?;
        for rows in self.rows.chunks(GROUP_ROWS) {
            let mut group = file.next_row_group()?;
            let times: [fn(&Row) -> i64; 2] = [|row| row.timestamp, |row| row.received];
            for time in times {
                let values: Vec<i64> = rows.iter().map(time).collect();
                let mut column = group.next_column()?.ok_or_else(missing)?;
                column.typed::<Int64Type>().write_batch(&values, None, None)?;
                column.close()?;
            }
            for at in 0..TEXTS.len() {
                let there: Vec<i16> =
                    rows.iter().map(|row| row.texts[at].is_some().into()).collect();
                let texts = rows.iter().filter_map(|row| row.texts[at].as_deref());
                let values: Vec<ByteArray> = texts.map(ByteArray::from).collect();
                let mut column = group.next_column()?.ok_or_else(missing)?;
                column.typed::<ByteArrayType>().write_batch(&values, Some(&there), None)?;
                column.close()?;
            }
            group.close()?;
        }
        file.into_inner()
    }

    pub(super) fn decode(bytes: Vec<u8>) -> Result<Self> {
        let file = SerializedFileReader::new(bytes::Bytes::from(bytes))?;
        let mut table = Self { sources: sources(&file), ..Self::default() };
        for number in 0..file.num_row_groups() {
            let group = file.get_row_group(number)?;
            let count = usize::try_from(group.metadata().num_rows()).map_err(|_| missing())?;
            let mut rows = vec![Row::default(); count];
            let times: [fn(&mut Row) -> &mut i64; 2] =
                [|row| &mut row.timestamp, |row| &mut row.received];
            for (at, time) in times.into_iter().enumerate() {
                let mut values = Vec::new();
                let mut column = get_typed_column_reader::<Int64Type>(group.get_column_reader(at)?);
                column.read_records(count, None, None, &mut values)?;
                for (row, value) in rows.iter_mut().zip(values) {
                    *time(row) = value;
                }
            }
            for at in 0..TEXTS.len() {
                let (mut values, mut there) = (Vec::new(), Vec::new());
                let reader = group.get_column_reader(times_before(at))?;
                let mut column = get_typed_column_reader::<ByteArrayType>(reader);
                column.read_records(count, Some(&mut there), None, &mut values)?;
                let mut values = values.into_iter();
                for (row, _) in rows.iter_mut().zip(there).filter(|(_, there)| *there == 1) {
                    let value = values.next().ok_or_else(missing)?;
                    row.texts[at] = Some(value.as_utf8()?.to_owned());
                }
            }
            table.rows.append(&mut rows);
        }
        Ok(table)
    }
}

/// Two columns of times stand before those of text.
const fn times_before(text: usize) -> usize {
    text + 2
}

/// The files that a table was made of.
pub(super) fn sources_of(bytes: Vec<u8>) -> Result<Vec<String>> {
    Ok(sources(&SerializedFileReader::new(bytes::Bytes::from(bytes))?))
}

fn sources(file: &SerializedFileReader<bytes::Bytes>) -> Vec<String> {
    let pairs = file.metadata().file_metadata().key_value_metadata();
    let pair = pairs.into_iter().flatten().find(|pair| pair.key == SOURCES);
    let text = pair.and_then(|pair| pair.value.as_deref()).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn missing() -> ParquetError {
    ParquetError::General("a column is missing".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Table, sources_of};
    use crate::lake::row::Row;

    #[test]
    fn rows_come_back_as_they_were() {
        let row = |number: u32| {
            let time = i64::from(number);
            let mut row = Row { timestamp: time, received: -time, ..Row::default() };
            for (at, text) in (1_u32..).zip(&mut row.texts) {
                *text = number.is_multiple_of(at).then(|| format!("{number}, 千 {at}"));
            }
            row
        };
        let sources = vec!["events/a".to_owned(), "events/b".to_owned()];
        let table = Table { rows: (0..1_000).map(row).collect(), sources: sources.clone() };
        let bytes = table.encode().unwrap();
        assert_eq!(Table::decode(bytes.clone()).unwrap().rows, table.rows);
        assert_eq!(sources_of(bytes).unwrap(), sources);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        assert!(Table::decode(b"PAR1".to_vec()).is_err());
    }
}
