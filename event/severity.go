package event

var severities = [...]string{"informational", "low", "medium", "high", "critical"}

// Severities are how bad a finding or an incident can be, the least first; where one stands is its rank.
func Severities() []string {
	all := severities
	return all[:]
}

// SeverityName is the severity of that rank, the worst for all above.
func SeverityName[T ~uint8 | ~int](rank T) string {
	return severities[min(int(rank), len(severities)-1)]
}
