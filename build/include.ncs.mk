# Programs and paths for the Makefile of a package (its src directory).
#
# A Makefile that includes this sees NCSC, CONFDC, NCS_DIR and the rest below, and may override any of them.

ifeq ($(strip $(NCS_DIR)),)
  $(error NCS_DIR is not set; read the file ncsrc of the installation first: . DIR/ncsrc)
endif

NCS          ?= $(NCS_DIR)/bin/ncs
NCSC         ?= $(NCS_DIR)/bin/ncsc
NCS_CLI      ?= $(NCS_DIR)/bin/ncs_cli
NCS_LOAD     ?= $(NCS_DIR)/bin/ncs_load
NCS_CMD      ?= $(NCS_DIR)/bin/ncs_cmd
NCS_NETSIM   ?= $(NCS_DIR)/bin/ncs-netsim
NCS_SETUP    ?= $(NCS_DIR)/bin/ncs-setup
NCS_PACKAGE  ?= $(NCS_DIR)/bin/ncs-package
NCS_YANGPATH ?= $(NCS_DIR)/src/ncs/yang
CONFD_DIR    ?= $(NCS_DIR)/netsim/confd
CONFDC       ?= $(CONFD_DIR)/bin/confdc
PYANG        ?= pyang
YANGER       ?= $(NCSC) --check-only
SMIDUMP      ?= smidump
ANT          ?= ant

# Where there is no ant, the Java part of a package is left out and the rest is built: see the program there.
export PATH := $(PATH):$(NCS_DIR)/support/java
