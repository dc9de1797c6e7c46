package engine

import (
	"encoding/binary"

	"bulwark/detect/signature/internal/rule"
	"bulwark/wire/inspect"
)

// objectTest is dnp3.obj: the group and the variation of an object.
func objectTest(t *rule.Own) func([]byte) bool {
	return func(v []byte) bool {
		return len(v) == 2 && uint64(v[0]) == t.Numbers[0].A && uint64(v[1]) == t.Numbers[1].A
	}
}

// serviceTest is cip_service: the service, the class and the attribute of a request.
func serviceTest(t *rule.Own) func([]byte) bool {
	return func(v []byte) bool {
		if len(v) < 2 || uint64(v[0]) != t.Numbers[0].A {
			return false
		}
		if len(t.Numbers) == 1 {
			return true
		}
		class, attribute := false, false
		for s := v[2:]; len(s) >= 5; s = s[5:] {
			value := uint64(binary.BigEndian.Uint32(s[1:]))
			switch s[0] {
			case 0x20:
				class = class || value == t.Numbers[1].A
			case 0x30:
				attribute = attribute || len(t.Numbers) > 2 && value == t.Numbers[2].A
			}
		}
		if len(t.Numbers) < 3 {
			return class
		}
		return class && attribute == (t.Numbers[2].Op == rule.Equal)
	}
}

var modbusAccess = map[string]uint8{"read": 1, "write": 2, "discretes": 4, "coils": 8, "input": 16, "holding": 32}

var modbusCategories = map[string]uint8{
	"assigned": inspect.ModbusAssigned, "unassigned": inspect.ModbusUnassigned, "public": inspect.ModbusAssigned | inspect.ModbusUnassigned,
	"user": inspect.ModbusUser, "reserved": inspect.ModbusReserved, "all": 0xff,
}

// modbusTest is modbus: all of its parts hold of one request.
func modbusTest(t *rule.Own) func([]byte) bool {
	return func(v []byte) bool {
		if len(v) < inspect.ModbusHead {
			return false
		}
		numbers := t.Numbers
		next := func() rule.Number {
			n := numbers[0]
			numbers = numbers[1:]
			return n
		}
		for i := 0; i < len(t.Words); i++ {
			holds := false
			switch t.Words[i] {
			case "unit":
				holds = holdsOf(next(), uint64(v[inspect.ModbusUnit]))
			case "function":
				holds = holdsOf(next(), uint64(v[inspect.ModbusFunction]))
			case "subfunction":
				holds = holdsOf(next(), uint64(binary.BigEndian.Uint16(v[inspect.ModbusSub:])))
			case "category":
				i++
				holds = (modbusCategories[t.Words[i]]&v[inspect.ModbusCategory] != 0) != t.Not
			case "access", "table":
				i++
				holds = modbusAccess[t.Words[i]]&v[inspect.ModbusAccess] != 0
			case "address":
				holds = modbusAddress(next(), v)
			case "value":
				holds = modbusValue(next(), v[inspect.ModbusHead:])
			}
			if !holds {
				return false
			}
		}
		return true
	}
}

func holdsOf(n rule.Number, v uint64) bool { return allHold([]rule.Number{n}, v) }

// modbusAddress reports whether one of the addresses that a request is about is as asked. Addresses in rules count from 1.
func modbusAddress(n rule.Number, v []byte) bool {
	if v[inspect.ModbusAddressed] == 0 {
		return false
	}
	first := uint64(binary.BigEndian.Uint16(v[inspect.ModbusAddress:])) + 1
	for i := range max(uint64(binary.BigEndian.Uint16(v[inspect.ModbusQuantity:])), 1) {
		if holdsOf(n, first+i) {
			return true
		}
	}
	return false
}

// modbusValue reports whether one of the values that a request writes is as asked.
func modbusValue(n rule.Number, data []byte) bool {
	for ; len(data) >= 2; data = data[2:] {
		if holdsOf(n, uint64(binary.BigEndian.Uint16(data))) {
			return true
		}
	}
	return len(data) == 1 && holdsOf(n, uint64(data[0]))
}

// procedureTest is nfs_procedure: a number or a name. What is looked at is the name, behind four bytes of the number.
func procedureTest(t *rule.Own) func([]byte) bool {
	return func(v []byte) bool {
		if len(v) < 4 {
			return false
		}
		is := len(t.Words) > 0 && string(lowered(v[4:])) == t.Words[0] || len(t.Words) == 0 && allHold(t.Numbers, uint64(binary.BigEndian.Uint32(v)))
		return is != t.Not
	}
}

func lowered(b []byte) []byte { return appendLower(nil, b) }
