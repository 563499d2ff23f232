package example;

import com.tailf.ned.NedCliBase;

public class Driver {}
