package dicom

import "encoding/binary"

// Elements of a command set (PS3.7 annex E).
const (
	affectedClass    = 0x0002
	requestedClass   = 0x0003
	commandFieldTag  = 0x0100
	messageID        = 0x0110
	respondedTo      = 0x0120
	moveDestination  = 0x0600
	dataSetType      = 0x0800
	statusTag        = 0x0900
	affectedObject   = 0x1000
	requestedObject  = 0x1001
	eventType        = 0x1002
	actionType       = 0x1008
	remainingTag     = 0x1020
	completedTag     = 0x1021
	failedTag        = 0x1022
	warningTag       = 0x1023
	moveOriginator   = 0x1030
	moveOriginatorID = 0x1031
)

const (
	isResponse = 0x8000 // bit of the command field
	cancelRQ   = 0x0FFF
	noDataSet  = 0x0101 // of (0000,0800)
)

// set is a command set as it stands in its fragment, which its slices point into.
type set struct {
	field, messageID, respondedTo         uint16
	dataSet, status                       uint16
	kind                                  uint16 // event or action type
	remaining, completed, failed, warning uint16
	originatorID                          uint16
	class, object, destination            []byte
	originator                            []byte
}

// parse reads a command set: implicit VR little endian, group 0000 alone (PS3.7 §6.3.1). It stops at what does not fit.
func (s *set) parse(p []byte) {
	*s = set{dataSet: noDataSet}
	for len(p) >= 8 {
		group, element := binary.LittleEndian.Uint16(p), binary.LittleEndian.Uint16(p[2:])
		n := binary.LittleEndian.Uint32(p[4:])
		p = p[8:]
		if group != 0 || uint64(n) > uint64(len(p)) {
			return
		}
		s.element(element, p[:n])
		p = p[n:]
	}
}

func (s *set) element(element uint16, v []byte) {
	switch element {
	case affectedClass, requestedClass:
		s.class = v
		return
	case affectedObject, requestedObject:
		s.object = v
		return
	case moveDestination:
		s.destination = trim(v)
		return
	case moveOriginator:
		s.originator = trim(v)
		return
	}
	if len(v) < 2 {
		return
	}
	n := binary.LittleEndian.Uint16(v)
	switch element {
	case commandFieldTag:
		s.field = n
	case messageID:
		s.messageID = n
	case respondedTo:
		s.respondedTo = n
	case dataSetType:
		s.dataSet = n
	case statusTag:
		s.status = n
	case eventType, actionType:
		s.kind = n
	case remainingTag:
		s.remaining = n
	case completedTag:
		s.completed = n
	case failedTag:
		s.failed = n
	case warningTag:
		s.warning = n
	case moveOriginatorID:
		s.originatorID = n
	}
}

// operation is the operation of a command field (PS3.7 table E.1-1).
func operation(field uint16) Operation {
	switch field &^ isResponse {
	case 0x0001:
		return CStore
	case 0x0010:
		return CGet
	case 0x0020:
		return CFind
	case 0x0021:
		return CMove
	case 0x0030:
		return CEcho
	case 0x0100:
		return NEventReport
	case 0x0110:
		return NGet
	case 0x0120:
		return NSet
	case 0x0130:
		return NAction
	case 0x0140:
		return NCreate
	case 0x0150:
		return NDelete
	}
	return UnknownOperation
}

// commandFieldEnd is how many bytes of a command set surely hold the command field: group length, a SOP class, the field.
const commandFieldEnd = 12 + 8 + maxUID + 10

// commandField finds the command field in the beginning of a command set.
func commandField(p []byte) (uint16, bool) {
	for len(p) >= 10 {
		n := binary.LittleEndian.Uint32(p[4:])
		if binary.LittleEndian.Uint32(p) == commandFieldTag<<16 {
			return binary.LittleEndian.Uint16(p[8:]), true
		}
		if uint64(n)+8 > uint64(len(p)) {
			break
		}
		p = p[8+n:]
	}
	return 0, false
}
