# Sets the environment for this installation. Read it, do not run it:  source @NCS_DIR@/ncsrc.csh
setenv NCS_DIR '@NCS_DIR@'
if ( ":${PATH}:" !~ "*:${NCS_DIR}/bin:*" ) setenv PATH "${NCS_DIR}/bin:${PATH}"
