package atna

// Name is what happened, in the words of DICOM (PS3.16 CID 400); empty where the code is not DICOM's.
func (m *Message) Name() string {
	switch string(m.Event.Code) {
	case "110100":
		return "Application Activity"
	case "110101":
		return "Audit Log Used"
	case "110102":
		return "Begin Transferring DICOM Instances"
	case "110103":
		return "DICOM Instances Accessed"
	case "110104":
		return "DICOM Instances Transferred"
	case "110105":
		return "DICOM Study Deleted"
	case "110106":
		return "Export"
	case "110107":
		return "Import"
	case "110108":
		return "Network Entry"
	case "110109":
		return "Order Record"
	case "110110":
		return "Patient Record"
	case "110111":
		return "Procedure Record"
	case "110112":
		return "Query"
	case "110113":
		return "Security Alert"
	case UserAuthentication:
		return "User Authentication"
	}
	return ""
}

// ActionName is what was done: create, read, update, delete or execute.
func (m *Message) ActionName() string {
	switch m.Action {
	case 'C':
		return "create"
	case 'R':
		return "read"
	case 'U':
		return "update"
	case 'D':
		return "delete"
	case 'E':
		return "execute"
	}
	return ""
}

// OutcomeName is what came of it: success, minor failure, serious failure or major failure (12, or any other).
func (m *Message) OutcomeName() string {
	switch m.Outcome {
	case 0:
		return ""
	case '0':
		return "success"
	case '4':
		return "minor failure"
	case '8':
		return "serious failure"
	}
	return "major failure"
}
