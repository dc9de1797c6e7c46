// Package lab is a small hospital in Linux network namespaces: modalities and a PACS, wards and their pumps, an
// electronic record, file, directory and name servers, the internet and an attacker. It is made of real software
// (install.sh names the Debian packages) where there is some, and of small programs of its own where there is none
// to be had: HL7 and FHIR peers.
//
// Every frame that crosses its switch appears once on a mirror port, as on a real one. The lab is the demo and the
// end-to-end test: each scenario says, as data, what a sensor on that port must see.
//
// Everything it makes carries the prefix of [Prefix], so that what a killed run left behind is found and removed.
// Its addresses are private or for documentation, its patients are invented.
package lab
