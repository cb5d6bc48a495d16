using System.Text;
using AIInfra.Linux.Crypt;

namespace AIInfra.UnitTests.Web;

/// <summary>Hashes that other programs made: Python's crypt, htpasswd (2.4.71) and crypt_blowfish's own test vectors.</summary>
public sealed class BcryptTests
{
    [Theory]
    [InlineData("secret", "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a")]
    [InlineData("correct horse", "$2y$10$H7c6aiw5K4o.O4IZnyx1uOFzw/BDehMGYCG6r8H6QTbUQ4P7DacYq")]
    [InlineData("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK")]
    [InlineData("", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy")]
    [InlineData("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored", "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui")]
    public void The_right_password_is_known_and_another_is_not(string password, string hash)
    {
        Assert.Null(Bcrypt.FaultOf(hash));
        Assert.True(Bcrypt.Instance!.Verify(Encoding.UTF8.GetBytes(password), hash));
        Assert.False(Bcrypt.Instance.Verify(Encoding.UTF8.GetBytes($"x{password}"), hash));
    }

    [Fact]
    public void What_follows_a_zero_byte_counts()
    {
        Assert.False(Bcrypt.Instance!.Verify("secret\0and more"u8, "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a"));
    }
}
