// Package study keeps what a long experiment knows in one directory that survives Ctrl-C, kill -9 and a full disk.
//
//	s, err := study.Open(dir, config) // config is any struct that encoding/json can write
//	defer s.Close()
//	truth, err := s.Table("truth.csv", "architecture", "accuracy")
//	done := truth.Rows()              // what an earlier run has got to
//	err = truth.Append(arch.String(), "93.17")
//	err = s.WriteJSON("results.json", results)
//	err = s.WriteFile("scatter.svg", figure.WriteSVG)
//
// # One configuration
//
// The first [Open] writes config.json; every later one compares. An experiment that goes on where it was with other
// settings would mix two experiments, so a difference is an error, a [ConfigError], that names every field with both
// values. What may change from run to run (threads, verbosity, the directory itself) does not belong into the struct. A
// directory that holds other files and no config.json is not taken over.
//
// # One process
//
// While a study is open its directory is locked, and a second Open, in this process or another, fails with the name of
// the holder. It is a lock of the operating system (flock, LockFileEx), which ends with the process however that ends:
// there are no stale locks to remove. The file .lock stays; only its lock counts, and who deletes it lets nobody in: the
// directory itself is locked too where that can be, and the next write puts another .lock in place or, if somebody else was
// faster, is refused. On systems other than Linux, macOS, the BSDs and Windows nothing is locked.
//
// A study in a directory that may not be written is opened for reading. What is finished can then be gone through again:
// to write what is there already is no error.
//
// # Two kinds of file
//
// What is written as a whole (a checkpoint, results, a figure) goes through [WriteFile]: to a new file of a random name
// beside its place, synced, renamed. A reader sees the old contents or the new, never a part. What killed processes left is
// removed by the next Open, which holds the lock.
//
// What grows by rows is a [Table], a CSV file with a header. A row is on the disk when Append returns; if the process
// dies meanwhile, the row is there whole or it is dropped when the table is opened again.
//
// # Damage
//
// Rows and JSON documents have checksums (CRC-32C); that of a row is also over the name of the table and the configuration,
// so that rows of another study do not pass. What was damaged, changed by hand or exchanged is a [DamagedError] that says what
// to delete: nothing is repaired or left out silently. Deleting rows is always possible; they are missing then, no more.
package study
