from tests.triton_compile import loop_instructions

ASSEMBLY = """
        /*0000*/                   MOV R1, c[0x0][0x28] ;
.L_x_2:
        /*0010*/                   LDS.128 R4, [R2] ;
.L_x_1:
        /*0020*/                   FFMA R5, R4, R6, R5 ;
        /*0030*/              @!P0 BRA `(.L_x_1) ;
        /*0040*/               @P1 STG.E [R8], R5 ;
        /*0050*/               @P0 BRA `(.L_x_2) ;
        /*0060*/                   EXIT ;
.L_x_3:
        /*0070*/                   BRA `(.L_x_3);
"""


def test_the_instructions_of_an_inner_loop_count_as_often_as_it_runs() -> None:
    assert loop_instructions(ASSEMBLY) == {"LDS.128": 1, "FFMA": 1, "BRA": 2, "STG.E": 1}
    assert loop_instructions(ASSEMBLY, trips=4) == {"LDS.128": 1, "FFMA": 4, "BRA": 5, "STG.E": 1}


def test_code_without_a_loop_has_none() -> None:
    assert not loop_instructions("        /*0000*/                   EXIT ;")
