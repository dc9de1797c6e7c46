// Package intake is what the ways by which logs come and the room that takes them have in common.
package intake

import (
	"context"
	"net/netip"
	"time"

	"bulwark/event"
)

// Record is one line or one event of a log, as an intake hands it over.
type Record struct {
	Intake   string     // way by which it came: syslog, file, bulk, lumberjack, otlp, wef, netflow...
	Sender   netip.Addr // who sent it; invalid for files of this machine
	Identity string     // name by which the sender proved who it is: of its certificate, its token, its principal; "": it did not
	Stream   string     // what tells logs of one sender apart: path of a file, index, channel; may be empty
	Format   string     // parser that it is for, where a setting says so; "": the one that knows it
	Received time.Time

	// Text is the line as it came, whole and without its line end: one of syslog with its header, an object of JSON...
	Text []byte

	// Size is how many bytes the line had of which Text is the beginning; 0: Text is whole.
	Size int

	// Log is the event where the intake itself understood it, all but its intake, source, sender, identity and time of receipt; nil: Text
	// is to be understood.
	Log *event.Log

	// Event is one of another kind that the intake made of it: a flow, a message of ATNA. It stands in place of Log.
	Event *event.Event

	// Beside says that another record handed over is of the same line: the line is counted with that.
	Beside bool

	// Time is when it happened; zero: it does not say. Of a record with Text it counts where the text tells none.
	Time time.Time
}

// Sink takes records. It returns when all of them are safe, and whoever handed them over may say so to the sender; with an error none
// is promised, and the sender should send them again. It does not keep the records or the memory that they point into. It waits
// while there is no room.
type Sink interface {
	Take(ctx context.Context, records []Record) error
}

// Intake is a way by which records come.
type Intake interface {
	Name() string
	// Run takes records until ctx ends.
	Run(ctx context.Context, to Sink) error
}
