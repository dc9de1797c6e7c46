// Package logs takes in what machines say of themselves, whatever the way it comes by, and tells it as events.
package logs

import "bulwark/observe/logs/internal/intake"

// What the ways by which logs come hand over, and to whom.
type (
	Record = intake.Record
	Sink   = intake.Sink
	Intake = intake.Intake
)
