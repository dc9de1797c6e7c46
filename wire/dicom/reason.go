package dicom

// Outcome says in words how an association was rejected or aborted; it is empty for any other state.
func (a *Association) Outcome() string {
	switch a.State {
	case Rejected:
		return "rejected " + a.permanence() + " by " + a.rejecter() + ": " + a.rejection()
	case Aborted:
		if a.Source == 2 {
			return "aborted by the service provider: " + a.abortReason()
		}
		return "aborted by the service user"
	}
	return ""
}

// permanence is the result of PS3.8 table 9-21.
func (a *Association) permanence() string {
	if a.Result == 2 {
		return "for now"
	}
	return "permanently"
}

func (a *Association) rejecter() string {
	switch a.Source {
	case 1:
		return "the service user"
	case 2:
		return "the service provider (ACSE)"
	case 3:
		return "the service provider (presentation)"
	}
	return "an unknown source"
}

// rejection is the reason of PS3.8 table 9-21, whose meaning depends on the source.
func (a *Association) rejection() string {
	switch [2]uint8{a.Source, a.Reason} {
	case [2]uint8{1, 2}:
		return "application context name not supported"
	case [2]uint8{1, 3}:
		return "calling AE title not recognised"
	case [2]uint8{1, 7}:
		return "called AE title not recognised"
	case [2]uint8{2, 2}:
		return "protocol version not supported"
	case [2]uint8{3, 1}:
		return "temporary congestion"
	case [2]uint8{3, 2}:
		return "local limit exceeded"
	}
	return "no reason given"
}

// abortReason is the reason of PS3.8 table 9-26.
func (a *Association) abortReason() string {
	switch a.Reason {
	case 1:
		return "unrecognised PDU"
	case 2:
		return "unexpected PDU"
	case 4:
		return "unrecognised PDU parameter"
	case 5:
		return "unexpected PDU parameter"
	case 6:
		return "invalid PDU parameter value"
	}
	return "no reason given"
}
